//! The requests and limits of a container in a Pod.

use engine::container::Spec;
use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::said::{By, Said, SaidMap};

/// The CPU request if the client sets none. A Pod without requests is evicted first, and the request must be
/// small enough for any node.
const REQUEST_NANO_CPUS: i64 = 10_000_000;
/// The same as [`REQUEST_NANO_CPUS`] for memory.
const REQUEST_MEMORY_BYTES: i64 = 32 * 1024 * 1024;
/// The value of one of Docker's CPU shares in billionths of a core: 1024 shares are a core, as the kubelet
/// counts them.
const NANOS_PER_SHARE: i64 = 1_000_000_000 / 1024;

/// The CPU limit of a container that chainpod adds. It has limits because a quota that counts limits refuses
/// a Pod if one container has none. Half a core is enough to copy files as fast as a node reads them.
const OURS_NANO_CPUS: i64 = 500_000_000;
/// The same as [`OURS_NANO_CPUS`] for memory: an agent has 4 MiB, a runtime needs some more to start a container,
/// and the rest is for copied files, which are written to disk as it fills.
const OURS_MEMORY_BYTES: i64 = 64 * 1024 * 1024;

/// Requests and limits by resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Resources {
    /// The requests.
    pub(crate) requests: SaidMap<String>,
    /// The limits.
    pub(crate) limits: SaidMap<String>,
}

/// Returns the requests and limits of a container that chainpod adds. It has no disk limit: the kubelet
/// evicts a Pod that uses more than the sum of its containers' limits, and the program's container has none.
pub(crate) fn of_ours() -> ResourceRequirements {
    let ours = Spec {
        nano_cpus: OURS_NANO_CPUS,
        memory_bytes: OURS_MEMORY_BYTES,
        ..Spec::default()
    };
    of(&ours).requirements()
}

/// Returns the client's limits, and requests that are never above their limits. The client's memory limit is
/// not requested: Fabric's default asks for 2 GiB for every chaincode.
pub(crate) fn of(spec: &Spec) -> Resources {
    let said = |value: i64| (value > 0).then_some(value);
    let limits = [("cpu", said(spec.nano_cpus)), ("memory", said(spec.memory_bytes))];
    let shares = said(spec.cpu_shares).map(|shares| shares.saturating_mul(NANOS_PER_SHARE));
    let requests = [
        ("cpu", shares, REQUEST_NANO_CPUS),
        ("memory", None, REQUEST_MEMORY_BYTES),
    ];
    let mut resources = Resources::default();
    for ((name, limit), (_, asked, least)) in limits.into_iter().zip(requests) {
        let request = asked.unwrap_or(least);
        let at_most = limit.map_or(request, |limit| request.min(limit));
        let by = match asked.is_some() || at_most < request {
            true => By::Client,
            false => By::Default,
        };
        let request = Said::new(by, quantity(name, at_most));
        resources.requests.insert(name.to_owned(), request);
        if let Some(limit) = limit {
            let limit = Said::new(By::Client, quantity(name, limit));
            resources.limits.insert(name.to_owned(), limit);
        }
    }
    resources
}

/// Returns Kubernetes' notation of a value: billionths of a core, or bytes.
fn quantity(resource: &str, value: i64) -> String {
    match resource {
        "cpu" => format!("{value}n"),
        _ => value.to_string(),
    }
}

impl Resources {
    /// Returns the resources in Kubernetes' type.
    pub(crate) fn requirements(&self) -> ResourceRequirements {
        let quantities = |said: &SaidMap<String>| {
            let quantities = said.iter();
            let quantities = quantities.map(|(name, said)| (name.clone(), Quantity(said.value.clone())));
            (!said.is_empty()).then(|| quantities.collect())
        };
        ResourceRequirements {
            requests: quantities(&self.requests),
            limits: quantities(&self.limits),
            ..ResourceRequirements::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_clients_and_no_request_is_above_it() {
        let nothing = of(&Spec::default());
        assert!(nothing.limits.is_empty());
        assert_eq!(nothing.requests["cpu"], Said::by_default("10000000n".to_owned()));
        let both = of(&Spec {
            memory_bytes: 16 << 20,
            nano_cpus: 500_000_000,
            cpu_shares: 1024,
            ..Spec::default()
        });
        assert_eq!(both.limits["cpu"].value, "500000000n");
        assert_eq!(both.limits, both.requests, "all of it by the client");
    }

    #[test]
    fn shares_are_a_request() {
        let shares = of(&Spec {
            cpu_shares: 512,
            ..Spec::default()
        });
        assert_eq!(
            shares.requests["cpu"],
            Said::new(By::Client, "499999744n".to_owned())
        );
    }
}
