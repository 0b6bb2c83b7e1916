//! What operators say about Pods and images: a file of rules ([`Rules`]), and what they come to
//! for one container ([`Rules::choose`]).
//!
//! Rules are read in order, and **the first match wins for each field**: a rule that says
//! nothing about a field leaves it to the rules after it. chainpod's own rules come last. It makes
//! no Pods: that is the Kubernetes adapter's.

mod choose;
mod glob;
mod images;
mod parse;
mod pod;
mod source;
mod text;

pub use choose::{Choice, Origin, Subject};
pub use glob::{Glob, Globs};
pub use images::{ImageChoice, ImageRule, NotAllowed, PullPolicy};
pub use parse::Wrong;
pub use pod::{EnvValue, KeyRef, Match, PodFields, PodRule, Resources, Role};
pub use source::Source;
pub use text::Text;

/// What chainpod itself says, after all that operators say.
const BUILT_IN: &str = include_str!("built_in.yaml");

/// A file of rules.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename_all = "camelCase"))]
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// What Pods have.
    #[cfg_attr(test, schemars(default))]
    pub pods: Vec<PodRule>,
    /// What is said of images.
    #[cfg_attr(test, schemars(default))]
    pub images: Vec<ImageRule>,
    /// The images that there may be; none is all.
    pub allowed_images: Option<Vec<Glob>>,
}

impl Rules {
    /// Reads a file's text; chainpod's own rules come after its.
    ///
    /// # Errors
    /// All that is wrong, each with the path of its key.
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
