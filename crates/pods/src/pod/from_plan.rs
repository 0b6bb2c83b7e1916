//! A plan as a whole Pod: each part has a file of its own next to this one.

use engine::launch::Launch;
use k8s_openapi::api::core::v1::{Pod, PodSpec};
use kube::api::ObjectMeta;

use super::rule_fields::{self, value};
use super::{files, program, volumes};
use crate::agent::{self, AgentBy};
use crate::config::Config;
use crate::owner;
use crate::plan::said::SaidMap;
use crate::plan::{GRACE_SECS, Plan, RESTART_POLICY};

/// Returns the Pod of `launch` by its plan.
pub(crate) fn build(launch: &Launch<'_>, plan: &Plan, config: &Config, agent_by: AgentBy) -> Pod {
    let record = launch.record;
    let texts = |said: &SaidMap<String>| {
        let entries = said.iter();
        let entries = entries.map(|(key, said)| (key.clone(), said.value.clone()));
        Some(entries.collect())
    };
    let metadata = ObjectMeta {
        name: Some(record.pod_name().0),
        namespace: Some(config.namespace.clone()),
        labels: texts(&plan.labels),
        annotations: texts(&plan.annotations),
        owner_references: Some(vec![owner::reference(record, true)]),
        ..ObjectMeta::default()
    };
    let (mut volumes, mut mounts) = volumes::of(launch, config, agent_by);
    let (ruled, mounted) = rule_fields::files(plan);
    volumes.extend(ruled);
    mounts.extend(mounted);
    let beside = agent::containers::beside(launch, config, agent_by);
    let before = agent::containers::before(launch, plan, config, agent_by);
    let mut spec = PodSpec {
        hostname: value(&plan.hostname),
        init_containers: Some(before).filter(|containers| !containers.is_empty()),
        dns_policy: value(&plan.dns_policy),
        dns_config: value(&plan.dns_config),
        host_aliases: value(&plan.host_aliases),
        containers: beside
            .into_iter()
            .chain([program::container(launch, plan, mounts)])
            .collect(),
        volumes: Some(volumes),
        restart_policy: Some(RESTART_POLICY.to_owned()),
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        termination_grace_period_seconds: Some(GRACE_SECS),
        ..PodSpec::default()
    };
    rule_fields::placed(&mut spec, plan);
    let pod = Pod {
        metadata,
        spec: Some(spec),
        status: None,
    };
    files::mounted(rule_fields::merged(pod, plan), launch)
}
