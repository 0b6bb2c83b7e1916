//! The settings of the commands that read the objects of `serve`: the settings of `serve` that locate them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ArgMatches;

use super::keys as key;
use super::{Sources, Wrong, rules, values};
use crate::agent_address::AgentAddress;
use crate::cli;

/// The time that an ended container is kept: users who need its last lines read them within a day.
const ENDED_LONG_AGO: Duration = Duration::from_hours(24);

/// The checked settings that locate the objects of `serve`.
pub(crate) struct Look {
    /// None means the kubeconfig's namespace, or the namespace of this Pod.
    pub(crate) namespace: Option<String>,
    pub(crate) instance: String,
    /// None means the cluster of this Pod, then the usual files.
    pub(crate) kubeconfig: Option<PathBuf>,
}

/// The checked settings of `explain`.
pub(crate) struct Explain {
    pub(crate) look: Look,
    pub(crate) rules: Arc<rules::Source>,
}

impl Look {
    /// Reads the settings from the flags, the environment and the file.
    ///
    /// # Errors
    /// Returns all errors at once.
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

/// The checked settings of `gc`.
pub(crate) struct Gc {
    pub(crate) look: Look,
    pub(crate) store: store::Location,
    pub(crate) delete: bool,
    pub(crate) older_than: Duration,
    /// None if images stay.
    pub(crate) images_older_than: Option<Duration>,
}

/// The checked settings of `doctor`.
pub(crate) struct Doctor {
    pub(crate) look: Look,
    /// None stands for the namespace of the chaincode.
    pub(crate) lease_namespace: Option<String>,
    pub(crate) rules: Arc<rules::Source>,
    pub(crate) store: store::Location,
    /// None if it is not given: then only `serve` knows it.
    pub(crate) agent_address: Option<AgentAddress>,
    pub(crate) agent_image: String,
}

impl Doctor {
    /// Reads the settings like [`Look::read`].
    ///
    /// # Errors
    /// Returns all errors at once.
    pub(crate) fn read(flags: &ArgMatches, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut sources = Sources::open(flags, env);
        let (look, rules) = (Look::from(&mut sources), rules(&mut sources));
        let lease_namespace = sources.one(&key::LEASE_NAMESPACE, values::namespace);
        let store = sources.one(&key::STORE, str::parse);
        let agent_address = sources.one(&key::AGENT_ADDRESS, str::parse);
        let agent_image = sources.one(&key::AGENT_IMAGE, values::text);
        let read = (|| {
            Some(Self {
                look: look?,
                lease_namespace,
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
    /// Reads the settings like [`Look::read`].
    ///
    /// # Errors
    /// Returns all errors at once.
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
    /// Reads the settings like [`Look::read`].
    ///
    /// # Errors
    /// Returns all errors at once.
    pub(crate) fn read(flags: &ArgMatches, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut sources = Sources::open(flags, env);
        let (look, rules) = (Look::from(&mut sources), rules(&mut sources));
        let read = look.zip(rules).map(|(look, rules)| Self { look, rules });
        sources.all_or_wrong(read)
    }
}
