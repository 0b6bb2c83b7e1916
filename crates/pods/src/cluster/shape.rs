//! The choice of a Pod's shape: with an image volume or with a copy of the agent.

use engine::launch::Launch;
use engine::ports::{ClusterError, PodState};
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;

use super::KubeCluster;
use super::sample::Sample;
use crate::agent_volume::AgentBy;
use crate::retry::tried;

impl KubeCluster {
    /// Finds out by dry runs if the API server accepts image volumes, unless the setting decides. An old one
    /// refuses them, or drops the field that it does not know.
    pub async fn try_agent_volume(&self) {
        if !self.agent_volumes.is_auto() {
            return;
        }
        let by_image = self.dry_run(Sample::Chaincode, AgentBy::Mount).await;
        let volumes = by_image.into_iter().filter_map(|pod| pod.spec?.volumes).flatten();
        if volumes.into_iter().any(|volume| volume.image.is_some()) {
            return;
        }
        // If both are refused, the cause is another one.
        if self.dry_run(Sample::Chaincode, AgentBy::Copy).await.is_ok() {
            tracing::info!("this cluster has no image volumes: the agent is copied into each pod");
            self.agent_volumes.set_refused();
        }
    }

    pub(super) async fn dry_run(&self, sample: Sample, agent_by: AgentBy) -> Result<Pod, ClusterError> {
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

    /// Records from a Pod how the agent gets to its node. Returns a state if it could not get there.
    pub(crate) fn learn(&self, pod: &Pod) -> Option<PodState> {
        self.agent_volumes.learn(pod)
    }

    /// Returns the way for the Pod of that launch. A launch that is repeated has tried the image volume
    /// already.
    pub(super) fn agent_by(&self, launch: &Launch<'_>) -> AgentBy {
        if launch.record.container.repeats.is_none() && self.agent_volumes.mounts_image() {
            AgentBy::Mount
        } else {
            AgentBy::Copy
        }
    }
}
