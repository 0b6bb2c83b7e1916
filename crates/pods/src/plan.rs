//! The plan of a Pod: every field that can differ, with its origin. All fields are decided here, without I/O:
//! [`crate::pod`] translates a plan into Kubernetes' types, and [`crate::explain`](mod@crate::explain) prints
//! it.
//!
//! If several sources set a field, the operator's rule overrides the client, the client overrides the image,
//! and each of them overrides chainpod's default.

use agent_protocol::Task;
use engine::container::Port;
use engine::image::PullPolicy;
use engine::launch::Launch;
use k8s_openapi::api::core::v1::{Affinity, HostAlias, PodDNSConfig, PodTemplateSpec, Toleration};
use rules::{EnvValue, KeyRef, Rules, Subject};

use self::resources::Resources;
use self::said::{By, Said, SaidMap};

mod dns;
mod env;
mod image;
mod merge;
mod metadata;
mod mounts;
pub(crate) mod resources;
mod rows;
pub(crate) mod said;
#[cfg(test)]
mod tests;
mod user;

#[cfg(test)]
pub(crate) use self::metadata::DOCKER_LABELS;
pub(crate) use self::metadata::{START, is_own};

/// The kubelet must not restart a program: the peer launches an ended program again, and refuses a process
/// that it did not launch.
pub(crate) const RESTART_POLICY: &str = "Never";
/// The grace period: Docker's default for `docker stop`. chainpod's own deletions have other grace periods.
pub(crate) const GRACE_SECS: i64 = 10;
/// An image that is on the node is used, because chaincode must start without a registry.
pub(crate) const PULL_POLICY: PullPolicy = PullPolicy::IfNotPresent;
/// The capabilities that every program loses. The Pod Security Standard `restricted` requires this and
/// [`SECCOMP_PROFILE`].
pub(crate) const DROPPED_CAPABILITIES: &str = "ALL";
/// The seccomp profile of every program.
pub(crate) const SECCOMP_PROFILE: &str = "RuntimeDefault";

/// The decided fields of a Pod and of the program's container in it.
pub(crate) struct Plan {
    /// The image that the node pulls.
    pub(crate) image: Said<String>,
    /// The policy that decides when the node pulls it.
    pub(crate) pull_policy: Said<PullPolicy>,
    /// The image's ENTRYPOINT as JSON, if a rule sets it.
    entrypoint: Option<Said<String>>,
    /// Entrypoint and command, as far as they are known.
    pub(crate) command: Option<Said<Vec<String>>>,
    /// The environment, in the order in which the program gets it.
    pub(crate) env: Vec<(String, Said<EnvValue>)>,
    /// The working directory.
    pub(crate) working_dir: Option<Said<String>>,
    /// The user's number.
    pub(crate) user: Said<i64>,
    /// The group's number.
    pub(crate) group: Option<Said<i64>>,
    /// Requests and limits.
    pub(crate) resources: Resources,
    /// True if the image's files are read-only.
    pub(crate) read_only_root: Option<Said<bool>>,
    /// True if the program has a terminal.
    pub(crate) tty: Option<Said<bool>>,
    /// The ports at which the program listens.
    pub(crate) ports: Option<Said<Vec<Port>>>,
    /// The Pod's host name.
    pub(crate) hostname: Option<Said<String>>,
    /// The policy that decides if the cluster's name servers are used.
    pub(crate) dns_policy: Option<Said<String>>,
    /// Name servers, search domains and options.
    pub(crate) dns_config: Option<Said<PodDNSConfig>>,
    /// The lines of `/etc/hosts`.
    pub(crate) host_aliases: Option<Said<Vec<HostAlias>>>,
    /// The Pod's labels.
    pub(crate) labels: SaidMap<String>,
    /// The Pod's annotations.
    pub(crate) annotations: SaidMap<String>,
    /// Labels that the Pod's node must have.
    pub(crate) node_selector: SaidMap<String>,
    /// Taints of nodes that the Pod tolerates.
    pub(crate) tolerations: Option<Said<Vec<Toleration>>>,
    /// The nodes that the Pod prefers or needs, and the Pods that it prefers or needs near it.
    pub(crate) affinity: Option<Said<Affinity>>,
    /// The RuntimeClass.
    pub(crate) runtime_class_name: Option<Said<String>>,
    /// Secrets with the credentials of registries.
    pub(crate) image_pull_secrets: Option<Said<Vec<String>>>,
    /// The PriorityClass.
    pub(crate) priority_class_name: Option<Said<String>>,
    /// The ServiceAccount.
    pub(crate) service_account_name: Option<Said<String>>,
    /// The certificates that programs trust.
    pub(crate) ca_bundle: Option<Said<KeyRef>>,
    /// Files by their path.
    pub(crate) files: SaidMap<KeyRef>,
    /// The kinds of volumes by the paths at which they are mounted, without those of rules.
    pub(crate) mounts: SaidMap<&'static str>,
    /// True if chainpod's agent runs the program.
    has_agent: bool,
    /// Parts of a Pod, merged into it at the end.
    pub(crate) template: Option<Said<PodTemplateSpec>>,
}

impl Plan {
    /// Returns the plan of `launch` by the operator's `rules`. `default_uid` is the user if no other is set.
    pub(crate) fn of(launch: &Launch<'_>, rules: &Rules, default_uid: i64) -> Self {
        let container = &launch.record.container;
        let (spec, process) = (&container.spec, &launch.process);
        let choice = rules.choose(&Subject::from(container));
        let of_image = rules.image_origins(&container.image.reference);
        let client = |said: bool| if said { By::Client } else { By::Image };
        let has_agent = launch.task.is_some();
        let (dns, fields) = (&spec.names, &choice.fields);
        let metadata = metadata::of(container, &choice);
        Self {
            image: image::name(launch, &of_image),
            pull_policy: image::pull_policy(launch, &of_image),
            entrypoint: image::entrypoint(&of_image),
            command: (!process.argv.is_empty()).then(|| {
                Said::new(
                    client(spec.entrypoint.is_some() || spec.cmd.is_some()),
                    process.argv.clone(),
                )
            }),
            env: env::of(launch, &choice),
            working_dir: (!process.working_dir.is_empty())
                .then(|| Said::new(client(!spec.working_dir.is_empty()), process.working_dir.clone())),
            user: user::uid(launch, &choice, default_uid),
            group: user::gid(launch, &choice),
            resources: merge::resources(resources::of(spec), &choice),
            read_only_root: asked(spec.read_only_root.then_some(true)),
            tty: asked(spec.tty.then_some(true)),
            ports: asked(Some(spec.ports.clone()).filter(|ports| !ports.is_empty())),
            hostname: asked(Some(spec.hostname.clone()).filter(|name| !name.is_empty())),
            dns_policy: asked(dns::policy(dns)),
            dns_config: asked(dns::config(dns)),
            host_aliases: asked(dns::aliases(dns)),
            labels: metadata.labels,
            annotations: metadata.annotations,
            node_selector: merge::by_key(&choice, "nodeSelector", &fields.node_selector, |text| {
                text.0.clone()
            }),
            tolerations: merge::ruled(&choice, "tolerations", fields.tolerations.as_ref()),
            affinity: merge::ruled(&choice, "affinity", fields.affinity.as_ref()),
            runtime_class_name: merge::ruled(&choice, "runtimeClassName", fields.runtime_class_name.as_ref()),
            image_pull_secrets: merge::ruled(&choice, "imagePullSecrets", fields.image_pull_secrets.as_ref()),
            priority_class_name: merge::ruled(
                &choice,
                "priorityClassName",
                fields.priority_class_name.as_ref(),
            ),
            service_account_name: merge::ruled(
                &choice,
                "serviceAccountName",
                fields.service_account_name.as_ref(),
            ),
            ca_bundle: merge::ruled(&choice, "caBundle", fields.ca_bundle.as_ref()),
            files: merge::by_key(&choice, "files", &fields.files, KeyRef::clone),
            mounts: mounts::of(launch),
            has_agent,
            template: merge::ruled(&choice, "template", fields.template.as_ref()),
        }
    }

    /// Returns the agent's task from `launch`. In a Pod with certificates, the agent also writes them for
    /// Java.
    pub(crate) fn task(&self, launch: &Launch<'_>) -> Option<Task> {
        let task = launch.task.clone()?;
        Some(Task {
            truststore: self.ca_bundle.is_some(),
            ..task
        })
    }
}

/// Returns a field of the create request.
fn asked<T>(value: Option<T>) -> Option<Said<T>> {
    value.map(|value| Said::new(By::Client, value))
}
