//! Dry runs: the API server says if it would accept a Pod of ours, and makes none.

use engine::ports::ClusterError;
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;

use super::KubeCluster;
use super::sample::Sample;
use crate::agent::AgentBy;
use crate::retry::tried;

impl KubeCluster {
    /// Finds out by dry runs if the API server accepts image volumes, unless the setting decides. An old one
    /// refuses them, or drops the field that it does not know.
    pub async fn try_agent_volume(&self) {
        if !self.agent_volumes.is_auto() {
            return;
        }
        if matches!(self.accepts(Sample::Chaincode, true).await, Ok(true)) {
            return;
        }
        // If both are refused, the cause is another one.
        if self.accepts(Sample::Chaincode, false).await.is_ok() {
            tracing::info!("this cluster has no image volumes: the agent is copied into each pod");
            self.agent_volumes.set_refused();
        }
    }

    /// Sends a dry run for a Pod of that kind, with an image volume or without. Returns true if the Pod that
    /// the API server would make still has the volume.
    ///
    /// # Errors
    /// Returns the API server's error, such as `Refused` or `QuotaFull` with its message.
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

    async fn dry_run(&self, sample: Sample, agent_by: AgentBy) -> Result<Pod, ClusterError> {
        let api = self.api::<Pod>();
        let pod = sample.pod(&self.config, agent_by);
        let params = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        tried("a pod's dry run", || api.create(&params, &pod))
            .await
            .result
    }
}
