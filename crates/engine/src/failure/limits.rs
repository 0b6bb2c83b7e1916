//! The time limits of starts and of the causes that block them.

use std::time::Duration;

/// The time limits of starts.
#[derive(Clone, Copy, Debug)]
pub struct StartLimits {
    /// The whole start.
    pub total: Duration,
    /// Time that chaincode must live for its start to count as successful.
    pub alive: Duration,
    /// Time in which a node that can run the Pod must be found.
    pub unschedulable: Duration,
    /// Time for which an image's pull may fail.
    pub unpullable: Duration,
    /// Time for which the kubelet or the runtime may fail to create a container for a definite reason.
    pub unmade: Duration,
    /// Time for which they may fail for any other reason.
    pub busy: Duration,
    /// Time for which a Pod's node may fail to create its container.
    pub blocked: Duration,
    /// Time for which an agent may report that it waits for chainpod.
    pub unanswered: Duration,
    /// Time for which the namespace's quota may be full.
    pub quota: Duration,
}

impl Default for StartLimits {
    fn default() -> Self {
        Self {
            // Shorter than the peer's own 300 s, so that the reason reaches the user.
            total: Duration::from_secs(270),
            // Chaincode that lacks a setting or a library has failed by then. Working chaincode registers
            // with its peer meanwhile, whether the start has been answered or not.
            alive: Duration::from_secs(5),
            // An autoscaler has begun to add a node by then.
            unschedulable: Duration::from_secs(60),
            // A start that cannot work is answered within 15 s, and a busy node reports the first failure after 2 to
            // 4 s. The kubelet tries again 10 to 15 s later.
            unpullable: Duration::from_secs(10),
            // A Secret or a ConfigMap may be created a moment after the Pod.
            unmade: Duration::from_secs(8),
            // A busy node is late with what it knows, or with the runtime's answer. The kubelet tries again
            // several times within this.
            busy: Duration::from_secs(15),
            // A new node has a network by then, and peers' users get an answer within 30 s.
            blocked: Duration::from_secs(20),
            // An agent calls again within 5 s. A restart of chainpod takes no longer.
            unanswered: Duration::from_secs(10),
            // The quota of ended programs' Pods is free again by then.
            quota: Duration::from_secs(10),
        }
    }
}
