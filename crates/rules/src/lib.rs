//! The rules of operators about Pods and images: a file of rules ([`Rules`]), and the choice that they make
//! for one container ([`Rules::choose`]).
//!
//! Rules are read in order, and **the first match wins for each field**: a rule that does not set a field
//! leaves it to the rules after it. chainpod's own rules come last. This crate makes no Pods: the Kubernetes
//! adapter does that.

mod choose;
mod glob;
mod images;
mod parse;
mod pod;
mod source;
mod text;

pub use choose::{Choice, Origin, Subject};
pub use glob::{Glob, Globs};
pub use images::{ImageRule, NotAllowed};
pub use parse::Wrong;
pub use pod::{EnvValue, KeyRef, Match, PodFields, PodRule, Resources};
pub use source::Source;
pub use text::Text;

/// chainpod's own rules, which come after all of the operator's.
const BUILT_IN: &str = include_str!("built_in.yaml");

/// A file of rules.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "camelCase"))]
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// Rules for Pods.
    #[cfg_attr(test, schemars(default))]
    pub pods: Vec<PodRule>,
    /// Rules for images.
    #[cfg_attr(test, schemars(default))]
    pub images: Vec<ImageRule>,
    /// Patterns for allowed images. Without this key, all images are allowed.
    pub allowed_images: Option<Vec<Glob>>,
}

impl Rules {
    /// Reads the text of a file and appends chainpod's own rules.
    ///
    /// # Errors
    /// Returns everything that is wrong with the text, each with the path of its key.
    pub fn parse(text: &str) -> Result<Self, Wrong> {
        let mut rules = parse::document(text)?;
        let own = Self::default();
        rules.pods.extend(own.pods);
        rules.images.extend(own.images);
        Ok(rules)
    }
}

/// Chainpod's own rules.
impl Default for Rules {
    fn default() -> Self {
        // Invariant: it is a constant, and a test reads it.
        parse::document(BUILT_IN).expect("chainpod's own rules are right")
    }
}

#[cfg(test)]
mod tests;
