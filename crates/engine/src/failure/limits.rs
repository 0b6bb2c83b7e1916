//! How long starts may take, and what keeps them may last.

use std::time::Duration;

/// How long starts may take.
#[derive(Clone, Copy, Debug)]
pub struct StartLimits {
    /// All of it.
    pub total: Duration,
    /// How long chaincode must live for its start to have succeeded.
    pub alive: Duration,
    /// How long no node may take the Pod.
    pub unschedulable: Duration,
    /// How long an image's pull may have failed.
    pub unpullable: Duration,
    /// The time for which the kubelet or the runtime may fail to create a container.
    pub unmade: Duration,
    /// How long a Pod's node may not come to make its container.
    pub blocked: Duration,
    /// The time for which an agent may report that it waits for chainpod.
    pub unanswered: Duration,
    /// How long the namespace's quota may be full.
    pub quota: Duration,
}

impl Default for StartLimits {
    fn default() -> Self {
        Self {
            // Shorter than the peer's own 300 s, so that the reason reaches the user.
            total: Duration::from_secs(270),
            // What lacks a setting or a library has said so by then; and a peer registers what works
            // meanwhile, whether start has been answered or not.
            alive: Duration::from_secs(5),
            // An autoscaler has begun to add a node by then.
            unschedulable: Duration::from_secs(60),
            // A start that cannot work says so within 15 s, and the kubelet tells of a failure up to 2 s later. It tries
            // again after 10 s.
            unpullable: Duration::from_secs(12),
            // A busy node is late with a Secret, or with the runtime's answer, and heals from that in seconds.
            unmade: Duration::from_secs(8),
            // A node that has just come has a network by then, and peers' users have their answer in 30 s.
            blocked: Duration::from_secs(20),
            // An agent calls again within 5 s: chainpod's own restart passes in that time.
            unanswered: Duration::from_secs(10),
            // What the Pods of ended programs held is free again by then.
            quota: Duration::from_secs(10),
        }
    }
}
