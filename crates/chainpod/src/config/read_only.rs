//! The settings of the commands that look at what `serve` has made: those of
//! `serve` that say where that is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ArgMatches;

use super::keys as key;
use super::{Sources, Wrong, rules, values};
use crate::agent_address::AgentAddress;
use crate::cli;

/// How long a container that has ended is kept: who looks for its last words does so within a day.
const ENDED_LONG_AGO: Duration = Duration::from_hours(24);

/// Where a command looks, checked.
pub(crate) struct Look {
    /// None: the kubeconfig's or the Pod's own.
    pub(crate) namespace: Option<String>,
    pub(crate) instance: String,
    /// None: in-cluster, then the usual places.
    pub(crate) kubeconfig: Option<PathBuf>,
}

/// What `explain` needs to know, checked.
pub(crate) struct Explain {
    pub(crate) look: Look,
    pub(crate) rules: Arc<rules::Source>,
}

impl Look {
    /// Reads the settings from the flags, the environment and the file.
    ///
    /// # Errors
    /// All that is wrong, at once.
    pub(crate) fn read(flags: &ArgMatches, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut sources = Sources::open(flags, env);
        let look = Self::from(&mut sources);
        sources.all_or_wrong(look)
    }

    pub(super) fn from(sources: &mut Sources<'_>) -> Option<Self> {
        let namespace = sources.one(&key::NAMESPACE, values::namespace);
        let instance = sources.one(&key::INSTANCE, values::instance);
        let kubeconfig = sources.one(&key::KUBECONFIG, values::path);
        Some(Self {
            namespace,
            instance: instance?,
            kubeconfig,
        })
    }
}

/// What `gc` needs to know, checked.
pub(crate) struct Gc {
    pub(crate) look: Look,
    pub(crate) store: store::Location,
    pub(crate) delete: bool,
    pub(crate) older_than: Duration,
    /// None: images stay.
    pub(crate) images_older_than: Option<Duration>,
}

/// What `doctor` needs to know, checked.
pub(crate) struct Doctor {
    pub(crate) look: Look,
    pub(crate) rules: Arc<rules::Source>,
    pub(crate) store: store::Location,
    /// None where it is not given: only `serve` knows it then.
    pub(crate) agent_address: Option<AgentAddress>,
    pub(crate) agent_image: String,
}

impl Doctor {
    /// As [`Look::read`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn read(flags: &ArgMatches, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut sources = Sources::open(flags, env);
        let (look, rules) = (Look::from(&mut sources), rules(&mut sources));
        let store = sources.one(&key::STORE, str::parse);
        let agent_address = sources.one(&key::AGENT_ADDRESS, str::parse);
        let agent_image = sources.one(&key::AGENT_IMAGE, values::text);
        let read = (|| {
            Some(Self {
                look: look?,
                rules: rules?,
                store: store?,
                agent_address,
                agent_image: agent_image?,
            })
        })();
        sources.all_or_wrong(read)
    }
}

impl Gc {
    /// As [`Look::read`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn read(flags: &ArgMatches, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut sources = Sources::open(flags, env);
        let look = Look::from(&mut sources);
        let store = sources.one(&key::STORE, str::parse);
        let age = |name| flags.get_one::<Duration>(name).copied();
        let read = look.zip(store).map(|(look, store)| Self {
            look,
            store,
            delete: flags.get_flag(cli::DELETE),
            older_than: age(cli::OLDER_THAN).unwrap_or(ENDED_LONG_AGO),
            images_older_than: age(cli::IMAGES_OLDER_THAN),
        });
        sources.all_or_wrong(read)
    }
}

impl Explain {
    /// As [`Look::read`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn read(flags: &ArgMatches, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut sources = Sources::open(flags, env);
        let (look, rules) = (Look::from(&mut sources), rules(&mut sources));
        let read = look.zip(rules).map(|(look, rules)| Self { look, rules });
        sources.all_or_wrong(read)
    }
}
