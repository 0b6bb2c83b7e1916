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

/// What was asked of the host.
fn host_config(spec: &engine::container::Spec) -> serde_json::Value {
    docker_api::container::host_config(
        spec.memory_bytes,
        spec.nano_cpus,
        spec.cpu_shares,
        spec.auto_remove,
    )
}
