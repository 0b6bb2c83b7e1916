//! Tries of what chainpod needs of a cluster, for `chainpod doctor`.

use std::time::Duration;

use agent_protocol::{AGENT_SAYS, PROBE_CA_VARIABLE, PROBE_OPTION};
use engine::ports::ClusterError;
use http::{Request, Uri};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use k8s_openapi::api::core::v1::{EnvVar, Pod, PodStatus};
use kube::api::{DeleteParams, LogParams, PostParams};
use kube::client::Body;
use kube::{Client, ResourceExt};
use tokio::time::{Instant, sleep};

use super::KubeCluster;
use super::sample::Sample;
use crate::agent_volume::AgentBy;
use crate::error::mapped;
use crate::{labels, pod, status};

/// How long a Pod of ours may take to be scheduled, to pull its image and to end.
const POD_LIMIT: Duration = Duration::from_secs(60);
/// The time for which its image's pull may fail: the kubelet tries again after 10 s.
const PULL_LIMIT: Duration = Duration::from_secs(12);
/// How often it is looked at.
const POD_PAUSE: Duration = Duration::from_millis(250);

/// The time that the API server has, as it says with each answer.
///
/// # Errors
/// The API server's; where it says none, that is none.
pub async fn server_time(client: &Client) -> kube::Result<Option<Timestamp>> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("/version");
    let answer = client.send(request).await?;
    let date = answer.headers().get(http::header::DATE);
    let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date.to_str().ok()?).ok());
    Ok(date)
}

/// Why a Pod that was to try something could not.
#[derive(Debug)]
pub enum Untried {
    /// Its image cannot be pulled: the kubelet's words.
    Image(String),
    /// Anything else, as a sentence.
    Other(String),
}

impl KubeCluster {
    /// Asks by a dry run for a Pod of that kind, with an image volume or without. Returns true if the
    /// volume is still in what the API server would make of it.
    ///
    /// # Errors
    /// `Refused` and `QuotaFull` with the API server's message.
    pub async fn accepts(&self, sample: Sample, image_volume: bool) -> Result<bool, ClusterError> {
        let by = if image_volume {
            AgentBy::Mount
        } else {
            AgentBy::Copy
        };
        let pod = self.dry_run(sample, by).await?;
        let mut volumes = pod.spec.into_iter().filter_map(|spec| spec.volumes).flatten();
        Ok(volumes.any(|volume| volume.image.is_some()))
    }

    /// Runs the agent in a Pod of its own, which tries to reach `targets` and goes: none where it could, else its sentence.
    /// An address must have a certificate of that CA, where one is given.
    ///
    /// # Errors
    /// Why that Pod could not tell.
    pub async fn reaches(&self, targets: &[&str], ca_pem: Option<&str>) -> Result<Option<String>, Untried> {
        let api = self.api::<Pod>();
        let pod = self.prober(targets, ca_pem);
        let made = api.create(&PostParams::default(), &pod).await;
        let name = made.map_err(|error| other("the pod", error))?.name_any();
        let told = self.told(&name).await;
        // What cannot be deleted is told by nobody else: it ends by itself.
        let _ = api.delete(&name, &DeleteParams::default().grace_period(1)).await;
        told
    }

    fn prober(&self, targets: &[&str], ca_pem: Option<&str>) -> Pod {
        let mut pod = pod::agent::alone(&self.config, &[PROBE_OPTION]);
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

    /// What the Pod of that name has found out, once it has ended.
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
                "pod {name} failed without a word: {}",
                log.trim()
            ))),
        }
    }
}

fn why(status: &PodStatus) -> String {
    status::waiting(status).unwrap_or_else(|| "it does not say why".to_owned())
}

fn other(object: &str, error: kube::Error) -> Untried {
    Untried::Other(mapped(object, error).to_string())
}
