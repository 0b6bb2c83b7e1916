//! Tries of what chainpod needs of a cluster, for `chainpod doctor`.

use std::time::Duration;

use agent_protocol::{AGENT_FILE, PROBE_OPTION};
use engine::ports::ClusterError;
use http::{Request, Uri};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, LogParams, PostParams};
use kube::client::Body;
use kube::{Client, ResourceExt};
use tokio::time::{Instant, sleep};

use super::KubeCluster;
use crate::agent_volume::AgentBy;
use crate::error::mapped;
use crate::{labels, pod, status};

/// How long a Pod of ours may take to be scheduled, to pull its image and to end.
const POD_LIMIT: Duration = Duration::from_secs(60);
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

impl KubeCluster {
    /// Whether a Pod of our shape would be accepted now, with an image volume or without: a dry run. Whether the
    /// volume is still in what the API server would make of it.
    ///
    /// # Errors
    /// `Refused` and `QuotaFull` with the API server's message.
    pub async fn accepts(&self, image_volume: bool) -> Result<bool, ClusterError> {
        let by = if image_volume {
            AgentBy::Mount
        } else {
            AgentBy::Copy
        };
        let pod = self.dry_run(by).await?;
        let mut volumes = pod.spec.into_iter().filter_map(|spec| spec.volumes).flatten();
        Ok(volumes.any(|volume| volume.image.is_some()))
    }

    /// Runs the agent in a Pod of its own, which tries to reach `target` and goes: none where it could, else its sentence.
    ///
    /// # Errors
    /// Why that Pod could not tell.
    pub async fn reaches(&self, target: &str) -> Result<Option<String>, String> {
        let api = self.api::<Pod>();
        let pod = self.prober(target);
        let made = api.create(&PostParams::default(), &pod).await;
        let name = made
            .map_err(|error| mapped("the pod", error).to_string())?
            .name_any();
        let told = self.told(&name).await;
        // What cannot be deleted is told by nobody else: it ends by itself.
        let _ = api.delete(&name, &DeleteParams::default().grace_period(1)).await;
        told
    }

    fn prober(&self, target: &str) -> Pod {
        let mut pod = pod::agent::probe(&self.config, AgentBy::Copy);
        pod.metadata.labels = Some(labels::of_doctor(&self.config.instance));
        if let Some(spec) = &mut pod.spec {
            spec.init_containers = None;
            spec.volumes = None;
            spec.restart_policy = Some("Never".to_owned());
            spec.active_deadline_seconds = Some(POD_LIMIT.as_secs().cast_signed());
            for container in &mut spec.containers {
                container.volume_mounts = None;
                container.image_pull_policy = Some(pod::PULL_POLICY.to_owned());
                container.command = Some(vec![format!("/{AGENT_FILE}"), PROBE_OPTION.to_owned()]);
                container.args = Some(vec![target.to_owned()]);
            }
        }
        pod
    }

    /// What the Pod of that name has found out, once it has ended.
    async fn told(&self, name: &str) -> Result<Option<String>, String> {
        let api = self.api::<Pod>();
        let deadline = Instant::now() + POD_LIMIT;
        loop {
            let pod = api
                .get(name)
                .await
                .map_err(|error| mapped(name, error).to_string())?;
            let status = pod.status.clone().unwrap_or_default();
            match status.phase.as_deref() {
                Some("Succeeded") => return Ok(None),
                Some("Failed") => break,
                _ if Instant::now() > deadline => {
                    let why = status::waiting(&status).unwrap_or_else(|| "it does not say why".to_owned());
                    return Err(format!(
                        "pod {name} did not run within {} s: {why}",
                        POD_LIMIT.as_secs()
                    ));
                }
                _ => sleep(POD_PAUSE).await,
            }
        }
        let log = api.logs(name, &LogParams::default()).await;
        let log = log.map_err(|error| mapped(name, error).to_string())?;
        let mut lines = log
            .lines()
            .filter_map(|line| line.strip_prefix("chainpod-agent: "));
        match lines.next_back() {
            Some(sentence) => Ok(Some(sentence.to_owned())),
            None => Err(format!("pod {name} failed without a word: {}", log.trim())),
        }
    }
}
