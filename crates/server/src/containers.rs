//! Containers, one file per operation.

pub(crate) mod archive;
pub(crate) mod attach;
pub(crate) mod create;
pub(crate) mod inspect;
pub(crate) mod kill;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod remove;
pub(crate) mod start;
pub(crate) mod stop;
pub(crate) mod wait;

/// Returns the `HostConfig` as the client requested it.
fn host_config(spec: &engine::container::Spec) -> serde_json::Value {
    docker_api::container::host_config(docker_api::container::HostConfig {
        memory_bytes: spec.memory_bytes,
        nano_cpus: spec.nano_cpus,
        cpu_shares: spec.cpu_shares,
        auto_remove: spec.auto_remove,
        readonly_rootfs: spec.read_only_root,
    })
}
