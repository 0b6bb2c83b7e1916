//! The settings of `explain`: those of `serve` that say what it looks at.

use std::path::PathBuf;
use std::sync::Arc;

use clap::ArgMatches;

use super::keys as key;
use super::{Sources, Wrong, rules, values};

/// What `explain` needs to know, checked.
pub(crate) struct Explain {
    /// None: the kubeconfig's or the Pod's own.
    pub(crate) namespace: Option<String>,
    pub(crate) instance: String,
    /// None: in-cluster, then the usual places.
    pub(crate) kubeconfig: Option<PathBuf>,
    pub(crate) rules: Arc<rules::Source>,
}

impl Explain {
    /// Reads the settings from the flags, the environment and the file.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub(crate) fn read(flags: &ArgMatches, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut sources = Sources::open(flags, env);
        let namespace = sources.one(&key::NAMESPACE, values::namespace);
        let instance = sources.one(&key::INSTANCE, values::instance);
        let kubeconfig = sources.one(&key::KUBECONFIG, values::path);
        let rules = rules(&mut sources);
        let wrong = sources.wrong();
        match (instance, rules) {
            (Some(instance), Some(rules)) if wrong.is_empty() => Ok(Self {
                namespace,
                instance,
                kubeconfig,
                rules,
            }),
            _ => Err(Wrong(wrong)),
        }
    }
}
