//! The checks that need a Pod. It runs the agent only for the check, and is removed.

use pods::{AgentIdentity, Untried};

use super::{Patient, Verdict, Why};
use crate::serve::CREDENTIALS;

/// A name that resolves in every cluster.
const KNOWN_NAME: &str = "kubernetes.default";
/// The remedy where no Pod can run the check.
const RUN_PODS: &str =
    "see the check 'pods', and check that the nodes can pull agent-image and that it has chainpod's version";

/// Checks that the nodes can pull the agent's image, and that it runs.
pub(super) async fn agent_image(patient: &Patient) -> Verdict {
    match patient.agent_runs().await {
        Ok(()) => Verdict::Good(format!("a pod runs {}", patient.config.agent_image)),
        Err((why, remedy)) => Verdict::Bad(why, remedy),
    }
}

/// Checks that a Pod reaches the address at which agents connect, and that chainpod answers there.
pub(super) async fn agents(patient: &Patient) -> Verdict {
    let Some(named) = &patient.config.agent_address else {
        return Verdict::Lacks(
            "agent-address is not set, so it was not checked".to_owned(),
            "give doctor the same agent-address as chainpod serve",
        );
    };
    let address = match named.look_up().await {
        Ok(address) => address.to_string(),
        Err(error) => {
            return Verdict::Lacks(
                format!("agent-address {named} does not resolve here: {error}"),
                "set it to its IP address, or run doctor in chainpod's pod: kubectl exec statefulset/chainpod -- /chainpod doctor",
            );
        }
    };
    let ca_pem = patient.ca_pem().await;
    let reached = patient.tries(&address, ca_pem.as_deref().ok()).await;
    match (reached, ca_pem) {
        (Ok(None), Ok(_)) => Verdict::Good(format!(
            "a pod reaches agent-address {named}, and chainpod answers there"
        )),
        (Ok(None), Err(why)) => Verdict::Lacks(
            format!(
                "a pod reaches agent-address {named}, but it is not known whether chainpod answers there: {why}"
            ),
            "start chainpod in this namespace first, and run doctor with an account that may get that secret",
        ),
        (Ok(Some(why)), _) => Verdict::Bad(
            format!("a pod reports: {why}"),
            "check that chainpod serves, that agent-address leads to its agent-listen, that network policies allow the connection, and that no mesh or proxy replaces the certificate",
        ),
        (Err((why, remedy)), _) => Verdict::Bad(why, remedy),
    }
}

/// Checks that a Pod resolves names.
pub(super) async fn names(patient: &Patient) -> Verdict {
    match patient.tries(KNOWN_NAME, None).await {
        Ok(None) => Verdict::Good(format!("a pod resolves {KNOWN_NAME}")),
        Ok(Some(why)) => Verdict::Bad(
            format!("a pod reports: {why}"),
            "check the cluster's DNS, and that network policies allow port 53, because chaincode resolves its peer's name",
        ),
        Err((why, remedy)) => Verdict::Bad(why, remedy),
    }
}

impl Patient {
    /// Checks once that a Pod runs the agent. If no Pod does, later checks fail at once.
    async fn agent_runs(&self) -> Result<(), Why> {
        let tried = self.agent_runs.get_or_init(async || {
            let reached = self.cluster.reaches(&[], None).await;
            reached.map(drop).map_err(|untried| self.why(untried))
        });
        tried.await.clone()
    }

    /// Tries to reach `target` from a Pod. Returns none on success, or else the Pod's error.
    async fn tries(&self, target: &str, ca_pem: Option<&str>) -> Result<Option<String>, Why> {
        self.agent_runs().await?;
        let reached = self.cluster.reaches(&[target], ca_pem).await;
        reached.map_err(|untried| self.why(untried))
    }

    fn why(&self, untried: Untried) -> Why {
        match untried {
            Untried::Image(why) => (
                format!(
                    "the nodes cannot pull agent-image {}: {why}",
                    self.config.agent_image
                ),
                "set agent-image to an image that the nodes can pull, for chainpod serve and for doctor",
            ),
            Untried::Other(why) => (why, RUN_PODS),
        }
    }

    /// Returns the CA of chainpod's certificate for agents, or the reason for which it is not known.
    async fn ca_pem(&self) -> Result<String, String> {
        let (client, namespace) = (self.place.client.clone(), &self.place.namespace);
        match AgentIdentity::load(client, namespace, CREDENTIALS).await {
            Ok(Some(identity)) => Ok(identity.ca_pem().to_owned()),
            Ok(None) => Err(format!("there is no secret {CREDENTIALS}")),
            Err(error) => Err(error.to_string()),
        }
    }
}
