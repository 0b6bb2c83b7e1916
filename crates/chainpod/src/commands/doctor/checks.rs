//! The checks, one function each.

use engine::ports::ClusterError;
use jiff::Timestamp;
use store::{Location, Upkeep};

use super::{Patient, Verdict};

/// How far the clocks may be apart: certificates and tokens are good from the moment in which they are made.
const SKEW_SECS: i64 = 10;
/// A name that every cluster has.
const KNOWN_NAME: &str = "kubernetes.default";
/// What to do where a Pod cannot try.
const RUN_PODS: &str = "see the check of pods, and that the nodes can pull agent-image, of this very version";

/// It answers; who it is and who we are.
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
            "see kubeconfig, and that the API server can be reached from here",
        ),
    }
}

/// The API server's is ours.
pub(super) async fn clock(patient: &Patient) -> Verdict {
    match pods::server_time(&patient.place.client).await {
        Ok(Some(time)) => match (Timestamp::now() - time).get_seconds() {
            skew if skew.abs() <= SKEW_SECS => Verdict::Good(format!(
                "it is less than {SKEW_SECS} s apart from the API server's"
            )),
            skew => Verdict::Bad(
                format!("it is {skew} s ahead of the API server's"),
                "let both machines have their time from a time server (NTP)",
            ),
        },
        Ok(None) => Verdict::Lacks(
            "the API server does not tell its time".to_owned(),
            "look for a proxy that drops the Date header",
        ),
        Err(error) => Verdict::Bad(error.to_string(), "see the check of the API server"),
    }
}

/// Whoever asks has all of the Role.
pub(super) async fn permissions(patient: &Patient) -> Verdict {
    let remedy = "bind the Role chainpod (crates/pods/deploy/role.yaml) to this account in this namespace";
    match pods::missing_permissions(&patient.place.client, &patient.place.namespace).await {
        Ok(missing) if missing.is_empty() => {
            Verdict::Good("this account has all permissions of chainpod's Role".to_owned())
        }
        Ok(missing) => {
            let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
            Verdict::Bad(format!("this account may not {}", missing.join(", ")), remedy)
        }
        Err(error) => Verdict::Bad(error.to_string(), remedy),
    }
}

/// One of our shape is accepted: admission, Pod Security, quota.
pub(super) async fn pods(patient: &Patient) -> Verdict {
    match patient.cluster.accepts(false).await {
        Ok(_) => Verdict::Good("a pod of chainpod's shape is accepted (dry run)".to_owned()),
        Err(ClusterError::QuotaFull(why)) => {
            Verdict::Bad(why, "raise the namespace's quota, or remove what uses it up")
        }
        Err(error) => Verdict::Bad(
            format!("a pod of chainpod's shape is refused: {error}"),
            "see what the namespace's policies and limits ask for, and give it to Pods by rules (docs/rules.md)",
        ),
    }
}

/// The API server accepts them. Each node may still do without.
pub(super) async fn image_volumes(patient: &Patient) -> Verdict {
    let remedy = "nothing need be done: the agent is copied into each pod, a fifth of a second later; Kubernetes 1.36 has image volumes";
    match patient.cluster.accepts(true).await {
        Ok(true) => Verdict::Good("a pod with an image volume is accepted (dry run)".to_owned()),
        Ok(false) => Verdict::Lacks("the API server drops image volumes".to_owned(), remedy),
        Err(error) => Verdict::Lacks(format!("a pod with an image volume is refused: {error}"), remedy),
    }
}

/// A Pod reaches the address at which agents call home.
pub(super) async fn agents(patient: &Patient) -> Verdict {
    let Some(named) = &patient.config.agent_address else {
        return Verdict::Lacks(
            "agent-address is not given: whether pods reach it is not known".to_owned(),
            "give --agent-address as chainpod serve has it",
        );
    };
    let address = match named.look_up().await {
        Ok(address) => address.to_string(),
        Err(error) => {
            return Verdict::Lacks(
                format!("agent-address {named} does not resolve here: {error}"),
                "give its IP address, or run doctor in chainpod's pod: kubectl exec deployment/chainpod -- /chainpod doctor",
            );
        }
    };
    match patient.cluster.reaches(&address).await {
        Ok(None) => Verdict::Good(format!("a pod reaches agent-address {named}")),
        Ok(Some(why)) => Verdict::Bad(
            format!("from a pod {why}"),
            "see that chainpod serves, that agent-address leads to its agent-listen, and what network policies allow",
        ),
        Err(why) => Verdict::Bad(why, RUN_PODS),
    }
}

/// A Pod resolves names.
pub(super) async fn names(patient: &Patient) -> Verdict {
    match patient.cluster.reaches(KNOWN_NAME).await {
        Ok(None) => Verdict::Good(format!("a pod resolves {KNOWN_NAME}")),
        Ok(Some(why)) => Verdict::Bad(
            format!("in a pod {why}"),
            "see the cluster's DNS, and that network policies allow port 53: chaincode resolves its peer's name",
        ),
        Err(why) => Verdict::Bad(why, RUN_PODS),
    }
}

/// It can be written to, where it is on this machine.
pub(super) async fn store(patient: &Patient) -> Verdict {
    let location = &patient.config.store;
    if matches!(location, Location::Directory(path) if !path.exists()) {
        return Verdict::Lacks(
            format!("{location} is not on this machine: whether it can be written to is not known"),
            "run doctor where chainpod serves, or see its /readyz",
        );
    }
    let checked = match Upkeep::of(location).await {
        Ok(upkeep) => upkeep.check().await,
        Err(error) => Err(error),
    };
    match (checked, location) {
        (Ok(()), Location::Directory(_)) => Verdict::Good(format!("{location} can be written to")),
        (Ok(()), Location::Bucket { .. }) => Verdict::Good(format!("{location} is there")),
        (Err(error), _) => Verdict::Bad(
            error.to_string(),
            "give store a directory or bucket that chainpod has made its own and may write to",
        ),
    }
}
