//! The settings of `serve`: the accepted values and their sources.

mod keys;
mod read_only;
mod sources;
mod values;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::ArgMatches;
use pods::AgentVolume;
use server::{Endpoint, Tls, TlsFiles};

use self::keys as key;
pub(crate) use self::keys::{CONFIG, DOCTOR_KEYS, EXPLAIN_KEYS, GC_KEYS, KEYS, Key, LOOK_KEYS};
pub(crate) use self::read_only::{Doctor, Explain, Gc, Look};
use self::sources::Sources;
pub(crate) use self::values::duration;
use crate::agent_address::AgentAddress;
use crate::telemetry::LogFormat;

/// The checked settings of `serve`.
pub(crate) struct Config {
    pub(crate) listen: Vec<Endpoint>,
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) max_connections: usize,
    /// None means the kubeconfig's namespace, or the namespace of this Pod.
    pub(crate) namespace: Option<String>,
    pub(crate) instance: String,
    pub(crate) max_containers: usize,
    /// None means the cluster of this Pod, then the usual files.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// None means the value of `namespace`.
    pub(crate) lease_namespace: Option<String>,
    /// None stands for a name that no other process has.
    pub(crate) lease_identity: Option<String>,
    pub(crate) unschedulable_limit: Duration,
    pub(crate) rules: Arc<rules::Source>,
    /// Docker's `config.json`.
    pub(crate) registry_auth: Option<PathBuf>,
    pub(crate) store: store::Location,
    pub(crate) agent_listen: SocketAddr,
    pub(crate) agent_address: AgentAddress,
    pub(crate) agent_image: String,
    pub(crate) agent_volume: AgentVolume,
    /// None if there is no such listener.
    pub(crate) admin_listen: Option<SocketAddr>,
    pub(crate) log_format: LogFormat,
    pub(crate) log_filter: String,
}

/// All errors in the settings, one line each.
#[derive(Debug)]
pub(crate) struct Wrong(Vec<String>);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let settings = if count == 1 { "setting is" } else { "settings are" };
        write!(f, "{count} {settings} wrong:")?;
        self.0.iter().try_for_each(|line| write!(f, "\n- {line}"))
    }
}

impl std::error::Error for Wrong {}

impl Config {
    /// Reads the settings from the flags, the environment and the file.
    ///
    /// # Errors
    /// Returns all errors at once.
    pub(crate) fn read(flags: &ArgMatches, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Wrong> {
        let mut sources = Sources::open(flags, env);
        let listen = sources.many(&key::LISTEN, str::parse);
        let tls = tls(&mut sources);
        let max_connections = sources.one(&key::MAX_CONNECTIONS, values::count);
        let namespace = sources.one(&key::NAMESPACE, values::namespace);
        let instance = sources.one(&key::INSTANCE, values::instance);
        let max_containers = sources.one(&key::MAX_CONTAINERS, values::count);
        let kubeconfig = sources.one(&key::KUBECONFIG, values::path);
        let lease_namespace = sources.one(&key::LEASE_NAMESPACE, values::namespace);
        let lease_identity = sources.one(&key::LEASE_IDENTITY, values::text);
        let unschedulable_limit = sources.one(&key::UNSCHEDULABLE_LIMIT, values::duration);
        let rules = rules(&mut sources);
        let registry_auth = sources.one(&key::REGISTRY_AUTH, values::path);
        let store = sources.one(&key::STORE, str::parse);
        let agent_listen = sources.one(&key::AGENT_LISTEN, values::address);
        let agent_address = agent_address(&mut sources, agent_listen);
        let agent_image = sources.one(&key::AGENT_IMAGE, values::text);
        let agent_volume = sources.one(&key::AGENT_VOLUME, values::agent_volume);
        let admin_listen = sources.one(&key::ADMIN_LISTEN, values::address_or_none);
        let log_format = sources.one(&key::LOG_FORMAT, values::log_format);
        let log_filter = sources.one(&key::LOG_FILTER, values::log_filter);
        let config = (|| {
            Some(Self {
                listen: listen?,
                tls,
                max_connections: max_connections?,
                namespace,
                instance: instance?,
                max_containers: max_containers?,
                kubeconfig,
                lease_namespace,
                lease_identity,
                unschedulable_limit: unschedulable_limit?,
                rules: rules?,
                registry_auth,
                store: store?,
                agent_listen: agent_listen?,
                agent_address: agent_address?,
                agent_image: agent_image?,
                agent_volume: agent_volume?,
                admin_listen: admin_listen?,
                log_format: log_format?,
                log_filter: log_filter?,
            })
        })();
        sources.all_or_wrong(config)
    }
}

fn tls(sources: &mut Sources<'_>) -> Option<Arc<Tls>> {
    let [certificate, key, client_ca] =
        [&key::TLS_CERT, &key::TLS_KEY, &key::TLS_CLIENT_CA].map(|key| (key, sources.one(key, values::path)));
    let given = [&certificate, &key, &client_ca]
        .into_iter()
        .find(|(_, file)| file.is_some());
    let (needs, _) = given?;
    for (missing, _) in [&certificate, &key]
        .into_iter()
        .filter(|(_, file)| file.is_none())
    {
        sources.missing(missing, &format!("{} needs it", needs.name));
    }
    let files = TlsFiles {
        certificate: certificate.1?,
        key: key.1?,
        client_ca: client_ca.1,
    };
    match Tls::load(files) {
        Ok(tls) => Some(Arc::new(tls)),
        Err(error) => {
            sources.push(format!("TLS: {error}"));
            None
        }
    }
}

/// Returns the operator's rules, or chainpod's own if no file is named.
fn rules(sources: &mut Sources<'_>) -> Option<Arc<rules::Source>> {
    let Some(file) = sources.one(&key::RULES, values::path) else {
        return Some(Arc::new(rules::Source::built_in()));
    };
    match rules::Source::open(&file) {
        Ok(rules) => Some(Arc::new(rules)),
        Err(rules::Wrong(lines)) => {
            for line in lines {
                sources.push(format!("{}: {line}", file.display()));
            }
            None
        }
    }
}

/// Returns the address at which Pods reach chainpod. The default is the address at which it listens for
/// agents, unless this is the wildcard address.
fn agent_address(sources: &mut Sources<'_>, listen: Option<SocketAddr>) -> Option<AgentAddress> {
    if !sources.has(&key::AGENT_ADDRESS) {
        let listen = listen?;
        if listen.ip().is_unspecified() {
            sources.missing(
                &key::AGENT_ADDRESS,
                "Pods need an address at which they reach chainpod",
            );
            return None;
        }
        return Some(listen.into());
    }
    sources.one(&key::AGENT_ADDRESS, str::parse)
}

#[cfg(test)]
mod tests;
