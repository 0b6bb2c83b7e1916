//! The checks, one function each.

use engine::ports::ClusterError;
use jiff::Timestamp;
use pods::{Account, Missing, Sample};
use store::{Location, OfflineStore};

use super::{Patient, Verdict};

/// The largest accepted difference of the clocks: certificates and tokens are valid from the time of their
/// creation.
const SKEW_SECS: i64 = 10;
/// The kinds of Pods that are tried, and their names in the output.
const SAMPLES: [(Sample, &str); 2] = [(Sample::Chaincode, "chaincode"), (Sample::Build, "builds")];
/// The text of a quota that requires a field that a container does not have.
const MUST_SPECIFY: &str = "must specify";

/// Checks that the API server answers, and reports its version and chainpod's.
pub(super) async fn api_server(patient: &Patient) -> Verdict {
    match patient.place.client.apiserver_version().await {
        Ok(version) => Verdict::Good(format!(
            "kubernetes {}; chainpod {}; {}",
            version.git_version,
            env!("CARGO_PKG_VERSION"),
            patient.place
        )),
        Err(error) => Verdict::Bad(
            format!("it does not answer: {error}"),
            "check kubeconfig, and that this machine can reach the API server",
        ),
    }
}

/// Checks that the API server's clock agrees with this one.
pub(super) async fn clock(patient: &Patient) -> Verdict {
    match pods::server_time(&patient.place.client).await {
        Ok(Some(time)) => match (Timestamp::now() - time).get_seconds() {
            skew if skew.abs() <= SKEW_SECS => Verdict::Good(format!(
                "it differs by less than {SKEW_SECS} s from the API server's clock"
            )),
            skew => Verdict::Bad(
                format!("it differs by {skew} s from the API server's clock"),
                "synchronise the clocks of both machines (NTP)",
            ),
        },
        Ok(None) => Verdict::Lacks(
            "the API server's answer has no time".to_owned(),
            "look for a proxy that removes the Date header",
        ),
        Err(error) => Verdict::Bad(error.to_string(), "see the check 'api server'"),
    }
}

/// Checks that this account has all permissions of the Roles.
pub(super) async fn permissions(patient: &Patient) -> Verdict {
    let remedy = "bind the Roles of charts/chainpod/files (role.yaml in the chaincode's namespace, lease-role.yaml in lease-namespace) to this account";
    let place = &patient.place;
    let account = Account {
        namespace: &place.namespace,
        lease_namespace: patient
            .config
            .lease_namespace
            .as_ref()
            .unwrap_or(&place.namespace),
        instance: &place.scope.0,
    };
    match pods::missing_permissions(&place.client, account).await {
        Ok(missing) if missing.is_empty() => {
            Verdict::Good("this account has all permissions of chainpod's Roles".to_owned())
        }
        Ok(missing) => {
            let missing = missing.iter().map(
                |Missing {
                     permission,
                     namespace,
                     ..
                 }| format!("{permission} in namespace {namespace}"),
            );
            let missing: Vec<_> = missing.collect();
            Verdict::Bad(
                format!("this account lacks the permission to {}", missing.join(", ")),
                remedy,
            )
        }
        Err(error) => Verdict::Bad(error.to_string(), remedy),
    }
}

/// Checks that Pods like chainpod's are accepted by admission, Pod Security and quota. The rules apply to them.
pub(super) async fn pods(patient: &Patient) -> Verdict {
    for (sample, whose) in SAMPLES {
        if let Err(error) = patient.cluster.accepts(sample, false).await {
            return Verdict::Bad(format!("a pod for {whose} is refused: {error}"), remedy(&error));
        }
    }
    Verdict::Good("pods like chainpod's are accepted (dry run)".to_owned())
}

fn remedy(error: &ClusterError) -> &'static str {
    match error {
        ClusterError::QuotaFull(_) => "raise the namespace's quota, or delete objects that are not needed",
        ClusterError::Refused(why) if why.contains(MUST_SPECIFY) => {
            "set resources.limits and resources.requests in chainpod's rules, for all pods (docs/rules.md), and give doctor the same --rules"
        }
        _ => {
            "check what the namespace's policies and limits require, and set it for all pods in chainpod's rules (docs/rules.md)"
        }
    }
}

/// Checks that the API server accepts image volumes. Each node may still lack them.
pub(super) async fn image_volumes(patient: &Patient) -> Verdict {
    let remedy = "nothing to do: the agent is copied into each pod, which takes 0.2 s more; Kubernetes 1.36 has image volumes";
    match patient.cluster.accepts(Sample::Chaincode, true).await {
        Ok(true) => Verdict::Good("a pod with an image volume is accepted (dry run)".to_owned()),
        Ok(false) => Verdict::Lacks("the API server does not support image volumes".to_owned(), remedy),
        Err(error) => Verdict::Lacks(format!("a pod with an image volume is refused: {error}"), remedy),
    }
}

/// Checks that the store can be written to, if it is on this machine.
pub(super) async fn store(patient: &Patient) -> Verdict {
    let location = &patient.config.store;
    if matches!(location, Location::Directory(path) if !path.exists()) {
        return Verdict::Lacks(
            format!("{location} is not on this machine, so it was not checked"),
            "run doctor where chainpod serves, or read its /readyz",
        );
    }
    let checked = match OfflineStore::open(location).await {
        Ok(offline) => offline.check().await,
        Err(error) => Err(error),
    };
    match (checked, location) {
        (Ok(()), Location::Directory(_)) => Verdict::Good(format!("{location} is writable")),
        (Ok(()), Location::Bucket { .. }) => Verdict::Good(format!("{location} exists")),
        (Err(error), _) => Verdict::Bad(
            error.to_string(),
            "give doctor the same store as chainpod serve, and check that this account can write to it",
        ),
    }
}
