//! Checks that the cluster offers what chainpod needs, for `chainpod doctor`.

use std::time::Duration;

use agent_protocol::{AGENT_SAYS, AgentOption, PROBE_CA_VARIABLE};
use http::{Request, Uri};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use k8s_openapi::api::core::v1::{EnvVar, Pod, PodStatus};
use kube::api::{DeleteParams, LogParams, PostParams};
use kube::client::Body;
use kube::{Client, ResourceExt};
use tokio::time::{Instant, sleep};

use super::KubeCluster;
use crate::error::mapped;
use crate::{agent, labels, status};

/// The time limit for a Pod of ours to be scheduled, to pull its image and to end.
const POD_LIMIT: Duration = Duration::from_secs(60);
/// The time for which the pull of its image may fail: the kubelet tries again after 10 s.
const PULL_LIMIT: Duration = Duration::from_secs(12);
/// The pause between two looks at the Pod.
const POD_PAUSE: Duration = Duration::from_millis(250);

/// Returns the API server's clock, which it sends with each answer, or `None` if it sends none.
///
/// # Errors
/// Returns the API server's error.
pub async fn server_time(client: &Client) -> kube::Result<Option<Timestamp>> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("/version");
    let answer = client.send(request).await?;
    let date = answer.headers().get(http::header::DATE);
    let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date.to_str().ok()?).ok());
    Ok(date)
}

/// The reason why a Pod that was to check something could not.
#[derive(Debug)]
pub enum Untried {
    /// Its image cannot be pulled; the text is the kubelet's message.
    Image(String),
    /// Anything else, as a sentence.
    Other(String),
}

impl KubeCluster {
    /// Runs the agent in a Pod of its own, which tries to reach `targets`, and removes it. Returns `None` if
    /// all are reached, else the agent's sentence. If a CA is given, the certificate of an address must be
    /// from it.
    ///
    /// # Errors
    /// Returns the reason why the Pod could not answer.
    pub async fn reaches(&self, targets: &[&str], ca_pem: Option<&str>) -> Result<Option<String>, Untried> {
        let api = self.api::<Pod>();
        let pod = self.prober(targets, ca_pem);
        let made = api.create(&PostParams::default(), &pod).await;
        let name = made.map_err(|error| other("the pod", error))?.name_any();
        let told = self.told(&name).await;
        // An error is ignored, and nothing else reports it: the Pod ends on its own.
        let _ = api.delete(&name, &DeleteParams::default().grace_period(1)).await;
        told
    }

    fn prober(&self, targets: &[&str], ca_pem: Option<&str>) -> Pod {
        let mut pod = agent::containers::alone(&self.config, AgentOption::Probe);
        pod.metadata.labels = Some(labels::of_doctor(&self.config.instance));
        let spec = pod.spec.get_or_insert_default();
        spec.active_deadline_seconds = Some(POD_LIMIT.as_secs().cast_signed());
        for container in &mut spec.containers {
            container.args = Some(targets.iter().map(|&target| target.to_owned()).collect());
            container.env = ca_pem.map(|pem| {
                vec![EnvVar {
                    name: PROBE_CA_VARIABLE.to_owned(),
                    value: Some(pem.to_owned()),
                    ..EnvVar::default()
                }]
            });
        }
        pod
    }

    /// Waits for the end of the Pod of that name and returns its result.
    async fn told(&self, name: &str) -> Result<Option<String>, Untried> {
        let api = self.api::<Pod>();
        let begun = Instant::now();
        let mut pulled_until = begun;
        loop {
            let pod = api.get(name).await.map_err(|error| other(name, error))?;
            let status = pod.status.unwrap_or_default();
            match status.phase.as_deref() {
                Some("Succeeded") => return Ok(None),
                Some("Failed") => break,
                _ => {}
            }
            match status::waits_for_image(&status) {
                Some(again) if !again || pulled_until.elapsed() > PULL_LIMIT => {
                    return Err(Untried::Image(why(&status)));
                }
                Some(_) => {}
                None => pulled_until = Instant::now(),
            }
            if begun.elapsed() > POD_LIMIT {
                let limit = POD_LIMIT.as_secs();
                return Err(Untried::Other(format!(
                    "pod {name} did not run within {limit} s: {}",
                    why(&status)
                )));
            }
            sleep(POD_PAUSE).await;
        }
        let log = api.logs(name, &LogParams::default()).await;
        let log = log.map_err(|error| other(name, error))?;
        let mut lines = log.lines().filter_map(|line| line.strip_prefix(AGENT_SAYS));
        match lines.next_back() {
            Some(sentence) => Ok(Some(sentence.to_owned())),
            None => Err(Untried::Other(format!(
                "pod {name} failed without a message: {}",
                log.trim()
            ))),
        }
    }
}

fn why(status: &PodStatus) -> String {
    status::waiting(status).unwrap_or_else(|| "it reports no reason".to_owned())
}

fn other(object: &str, error: kube::Error) -> Untried {
    Untried::Other(mapped(object, error).to_string())
}
