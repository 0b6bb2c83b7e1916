//! THE table of settings: flag `--NAME`, variable `CHAINPOD_NAME`, key in the file.

/// One setting.
pub(crate) struct Key {
    /// Its name in the flag and in the file.
    pub(crate) name: &'static str,
    /// The form of its value.
    pub(crate) value: &'static str,
    /// Its purpose.
    pub(crate) help: &'static str,
    /// Its value if none is given.
    pub(crate) default: Option<&'static str>,
    /// True if it may be given more than once.
    pub(crate) many: bool,
    /// Its section in the help.
    pub(crate) heading: &'static str,
}

impl Key {
    /// Returns its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("CHAINPOD_{}", self.name.to_uppercase().replace('-', "_"))
    }

    const fn new(name: &'static str, value: &'static str, heading: &'static str, help: &'static str) -> Self {
        Self {
            name,
            value,
            help,
            default: None,
            many: false,
            heading,
        }
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    const fn repeatable(mut self) -> Self {
        self.many = true;
        self
    }
}

const DOCKER: &str = "Docker clients";
const KUBERNETES: &str = "Kubernetes";
const AGENTS: &str = "Agents, which run inside the Pods";
const OPERATION: &str = "Operation";

/// Only this machine: a client that connects can run programs in the namespace, and nothing else authenticates
/// it.
const DEFAULT_LISTEN: &str = "tcp://127.0.0.1";
/// This name is enough if the namespace has only one chainpod.
const DEFAULT_INSTANCE: &str = "chainpod";
/// The directory that the file system standard has for the data of programs.
const DEFAULT_STORE: &str = "/var/lib/chainpod";
/// All addresses, as Pods come from elsewhere; the port is the next one after Docker's two.
const DEFAULT_AGENT_LISTEN: &str = "0.0.0.0:2377";
/// The image of this version: daemon and agent are released together.
const DEFAULT_AGENT_IMAGE: &str = concat!("docker.io/chainpod/chainpod:", env!("CARGO_PKG_VERSION"));
/// [`engine::LIMITS`] has the reason.
const DEFAULT_MAX_CONTAINERS: &str = "4096";
/// [`server::LIMITS`] has the reason.
const DEFAULT_MAX_CONNECTIONS: &str = "4096";
/// Clusters and nodes differ: chainpod finds out which method works.
const DEFAULT_AGENT_VOLUME: &str = "auto";
/// An autoscaler has begun to add a node by then.
const DEFAULT_UNSCHEDULABLE_LIMIT: &str = "60s";
/// Only this machine: metrics reveal the names of peers and chaincode. The port is the usual one for such
/// listeners.
const DEFAULT_ADMIN_LISTEN: &str = "127.0.0.1:9090";
/// The format for people. Collectors need json.
const DEFAULT_LOG_FORMAT: &str = "text";
/// The level that logs events but not each call.
const DEFAULT_LOG_FILTER: &str = "info";

/// The file with the other settings. It is not one of them.
pub(crate) const CONFIG: Key = Key::new("config", "FILE", "Settings", "A YAML file with settings");
pub(crate) const LISTEN: Key = Key::new(
    "listen",
    "tcp://HOST:PORT|unix:///PATH",
    DOCKER,
    "The addresses for Docker clients; repeatable (in the environment, separated by commas). The default \
     port is 2375, or 2376 with TLS",
)
.or(DEFAULT_LISTEN)
.repeatable();
pub(crate) const TLS_CERT: Key = Key::new(
    "tls-cert",
    "FILE",
    DOCKER,
    "The server's certificate, PEM. All tcp:// listeners then use TLS. A changed file applies to the next connection",
);
pub(crate) const TLS_KEY: Key = Key::new("tls-key", "FILE", DOCKER, "The certificate's private key, PEM");
pub(crate) const TLS_CLIENT_CA: Key = Key::new(
    "tls-client-ca",
    "FILE",
    DOCKER,
    "The CA of the clients, PEM. Each client must then present a certificate from this CA",
);
pub(crate) const MAX_CONNECTIONS: Key = Key::new(
    "max-connections",
    "NUMBER",
    DOCKER,
    "The maximum number of connections of Docker clients. The same limit applies separately to agents. One address may open at most a quarter of them",
)
.or(DEFAULT_MAX_CONNECTIONS);
pub(crate) const NAMESPACE: Key = Key::new(
    "namespace",
    "NAME",
    KUBERNETES,
    "The namespace of the chaincode's Pods [default: chainpod's own, or the kubeconfig's]",
);
pub(crate) const INSTANCE: Key = Key::new(
    "instance",
    "NAME",
    KUBERNETES,
    "The name of this installation, which sees only its own containers",
)
.or(DEFAULT_INSTANCE);
pub(crate) const MAX_CONTAINERS: Key = Key::new(
    "max-containers",
    "NUMBER",
    KUBERNETES,
    "The maximum number of containers, including ended ones",
)
.or(DEFAULT_MAX_CONTAINERS);
pub(crate) const KUBECONFIG: Key = Key::new(
    "kubeconfig",
    "FILE",
    KUBERNETES,
    "The file with the API server's address and credentials [default: in-cluster, then $KUBECONFIG, then ~/.kube/config]",
);
pub(crate) const LEASE_NAMESPACE: Key = Key::new(
    "lease-namespace",
    "NAME",
    KUBERNETES,
    "The namespace of the Lease chainpod-INSTANCE, which one process of this installation holds [default: --namespace]",
);
pub(crate) const LEASE_IDENTITY: Key = Key::new(
    "lease-identity",
    "TEXT",
    KUBERNETES,
    "The holder's name in the Lease. If the holder before had the same name, this process takes the Lease without waiting \
     [default: the host's name, the process's number and a random number]",
);
pub(crate) const UNSCHEDULABLE_LIMIT: Key = Key::new(
    "unschedulable-limit",
    "DURATION",
    KUBERNETES,
    "The time that a Pod may remain unschedulable before its start fails, such as 90s or 2m. In any case, a start fails if it takes longer than 270 s",
)
.or(DEFAULT_UNSCHEDULABLE_LIMIT);
pub(crate) const RULES: Key = Key::new(
    "rules",
    "FILE",
    KUBERNETES,
    "A YAML file with rules for Pods and images, by image, chaincode, MSP and peer. A changed file applies to the next Pod",
);
pub(crate) const REGISTRY_AUTH: Key = Key::new(
    "registry-auth",
    "FILE",
    KUBERNETES,
    "Docker's config.json with credentials for the registries that chainpod asks for an image's ENTRYPOINT. The file is read for each look-up",
);
pub(crate) const STORE: Key = Key::new(
    "store",
    "DIRECTORY|s3://BUCKET/PREFIX",
    KUBERNETES,
    "The image store: a directory, or a prefix in a bucket of an S3-compatible service (AWS_ENDPOINT_URL, AWS_REGION, \
     AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY). It must outlive this process, because running peers never build an image again",
)
.or(DEFAULT_STORE);
pub(crate) const AGENT_LISTEN: Key = Key::new(
    "agent-listen",
    "IP:PORT",
    AGENTS,
    "The address for the agents, always with TLS",
)
.or(DEFAULT_AGENT_LISTEN);
pub(crate) const AGENT_ADDRESS: Key = Key::new(
    "agent-address",
    "HOST:PORT",
    AGENTS,
    "The address at which Pods reach --agent-listen: a Service's name, resolved at the start, or an IP address \
     [default: --agent-listen, if it is a single address]",
);
pub(crate) const AGENT_IMAGE: Key = Key::new(
    "agent-image",
    "IMAGE",
    AGENTS,
    "The image that contains chainpod-agent",
)
.or(DEFAULT_AGENT_IMAGE);
pub(crate) const AGENT_VOLUME: Key = Key::new(
    "agent-volume",
    "auto|image|init",
    AGENTS,
    "The method that brings the agent into a Pod: image (an image volume), init (copied by another container), or auto (an image volume if the node supports it, else a copy)",
)
.or(DEFAULT_AGENT_VOLUME);
pub(crate) const ADMIN_LISTEN: Key = Key::new(
    "admin-listen",
    "IP:PORT|none",
    OPERATION,
    "The address of /livez, /readyz and /metrics, over plain HTTP; none turns them off",
)
.or(DEFAULT_ADMIN_LISTEN);
pub(crate) const LOG_FORMAT: Key = Key::new(
    "log-format",
    "text|json",
    OPERATION,
    "The format of log lines, which go to stderr",
)
.or(DEFAULT_LOG_FORMAT);
pub(crate) const LOG_FILTER: Key = Key::new(
    "log-filter",
    "FILTER",
    OPERATION,
    "A level, or levels by module, such as info,server=debug to log each call",
)
.or(DEFAULT_LOG_FILTER);

/// The settings of all commands that read the objects of `serve`.
pub(crate) const LOOK_KEYS: [&Key; 3] = [&NAMESPACE, &INSTANCE, &KUBECONFIG];

/// The settings of `doctor`.
pub(crate) const DOCTOR_KEYS: [&Key; 8] = [
    &NAMESPACE,
    &INSTANCE,
    &KUBECONFIG,
    &LEASE_NAMESPACE,
    &RULES,
    &STORE,
    &AGENT_ADDRESS,
    &AGENT_IMAGE,
];

/// The settings of `gc`.
pub(crate) const GC_KEYS: [&Key; 4] = [&NAMESPACE, &INSTANCE, &KUBECONFIG, &STORE];

/// The settings of `explain`, which reads the objects of `serve`.
pub(crate) const EXPLAIN_KEYS: [&Key; 4] = [&NAMESPACE, &INSTANCE, &KUBECONFIG, &RULES];

/// All settings, in the order of the help.
pub(crate) const KEYS: [&Key; 22] = [
    &LISTEN,
    &TLS_CERT,
    &TLS_KEY,
    &TLS_CLIENT_CA,
    &MAX_CONNECTIONS,
    &NAMESPACE,
    &INSTANCE,
    &MAX_CONTAINERS,
    &KUBECONFIG,
    &LEASE_NAMESPACE,
    &LEASE_IDENTITY,
    &UNSCHEDULABLE_LIMIT,
    &RULES,
    &REGISTRY_AUTH,
    &STORE,
    &AGENT_LISTEN,
    &AGENT_ADDRESS,
    &AGENT_IMAGE,
    &AGENT_VOLUME,
    &ADMIN_LISTEN,
    &LOG_FORMAT,
    &LOG_FILTER,
];
