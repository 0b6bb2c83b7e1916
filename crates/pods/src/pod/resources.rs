//! What a Pod asks of its node, and what it may have at most.

use std::collections::BTreeMap;

use engine::container::Spec;
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// A Pod that requests nothing is evicted first; it must be small enough for any node.
const REQUEST_NANO_CPUS: i64 = 10_000_000;
/// As [`REQUEST_NANO_CPUS`], for memory.
const REQUEST_MEMORY_BYTES: i64 = 32 * 1024 * 1024;
/// What one of Docker's CPU shares is worth in billionths of a core: 1024 are a core, as the
/// kubelet counts them.
const NANOS_PER_SHARE: i64 = 1_000_000_000 / 1024;

/// The CPU limit of a container that chainpod adds. It has limits because a quota that counts them refuses a Pod for
/// each container without. Half a core brings the agent or keeps an image's files as fast as a node reads them.
const OURS_NANO_CPUS: i64 = 500_000_000;
/// As [`OURS_NANO_CPUS`], for memory: an agent has 4 MiB, a runtime needs some more to begin a container, and the rest is for
/// the files that it copies, which are written out as it fills.
const OURS_MEMORY_BYTES: i64 = 64 * 1024 * 1024;

/// Of a container that chainpod adds. Not of its disk: the kubelet evicts a Pod that uses more than its containers' limits
/// together, and the program's has none.
pub(crate) fn of_ours() -> ResourceRequirements {
    of(&Spec {
        nano_cpus: OURS_NANO_CPUS,
        memory_bytes: OURS_MEMORY_BYTES,
        ..Spec::default()
    })
}

/// Limits are the client's, and memory is never requested: Fabric's default asks for 2 GiB for
/// every chaincode. A request is never above its limit.
pub(crate) fn of(spec: &Spec) -> ResourceRequirements {
    let said = |value: i64| (value > 0).then_some(value);
    let (cpu, memory) = (said(spec.nano_cpus), said(spec.memory_bytes));
    let shares = said(spec.cpu_shares).map(|shares| shares.saturating_mul(NANOS_PER_SHARE));
    let quantities = |cpu: Option<i64>, memory: Option<i64>| -> BTreeMap<String, Quantity> {
        let cpu = cpu.map(|nanos| ("cpu".to_owned(), Quantity(format!("{nanos}n"))));
        let memory = memory.map(|bytes| ("memory".to_owned(), Quantity(bytes.to_string())));
        cpu.into_iter().chain(memory).collect()
    };
    let at_most = |value: i64, limit: Option<i64>| Some(limit.map_or(value, |limit| value.min(limit)));
    ResourceRequirements {
        requests: Some(quantities(
            at_most(shares.unwrap_or(REQUEST_NANO_CPUS), cpu),
            at_most(REQUEST_MEMORY_BYTES, memory),
        )),
        limits: Some(quantities(cpu, memory)).filter(|limits| !limits.is_empty()),
        ..ResourceRequirements::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_clients_and_no_request_is_above_it() {
        let nothing = of(&Spec::default());
        assert_eq!(nothing.limits, None);
        assert_eq!(nothing.requests.unwrap()["cpu"].0, "10000000n");
        let both = of(&Spec {
            memory_bytes: 16 << 20,
            nano_cpus: 500_000_000,
            cpu_shares: 1024,
            ..Spec::default()
        });
        let limits = both.limits.unwrap();
        assert_eq!(limits["cpu"].0, "500000000n");
        assert_eq!(Some(limits), both.requests);
    }

    #[test]
    fn shares_are_a_request() {
        let shares = of(&Spec {
            cpu_shares: 512,
            ..Spec::default()
        });
        assert_eq!(shares.requests.unwrap()["cpu"].0, "499999744n");
    }
}
