//! The sentences of causes: the container, its Pod, the reason and the remedy.

use std::borrow::Cow;

use super::Cause;
use super::end::End;
use super::refusal;
use super::who::Who;
use super::words::{cut, end_of};
use crate::container::Container;
use crate::name::PodName;

/// The remedy if chaincode does not reach its peer.
const NAME_THE_PEER: &str =
    "set CORE_PEER_CHAINCODEADDRESS of the peer to NAME:PORT, with a name that pods can resolve";
/// Messages of chaincode that does not reach its peer, from the shims for Go, Node.js and Java.
const NO_PEER: [&str; 8] = [
    "no such host",
    "produced zero addresses",
    "context deadline exceeded",
    "connection refused",
    "i/o timeout",
    "ENOTFOUND",
    "ECONNREFUSED",
    "UnknownHostException",
];
/// Messages about a program that cannot be executed, and the remedy for each.
const UNEXECUTABLE: [(&str, &str); 2] = [
    (
        "exec format error",
        "build it for the architecture of its node, or begin the script with a `#!` line",
    ),
    (
        "permission denied",
        "make the file executable for all users (chmod a+x)",
    ),
];
/// The remedy for messages that are not in [`UNEXECUTABLE`].
const NO_SUCH_PROGRAM: &str = "check that the image contains this program";

impl Cause {
    /// Returns the sentence that the client and the Event get.
    #[must_use]
    pub fn sentence(&self, container: &Container, pod: &PodName) -> String {
        let who = Who(container);
        match self {
            Self::PeerAddress(address) => format!(
                "{who} cannot reach its peer at {address}: in pod {pod} this address means the pod itself; {NAME_THE_PEER}"
            ),
            Self::DiedAtOnce {
                code,
                oom_killed,
                peer,
                last_words,
            } => died(
                container,
                pod,
                (*code, *oom_killed),
                peer,
                end_of(last_words.trim()),
            ),
            Self::AtRoot
            | Self::Refused(_)
            | Self::Quota(_)
            | Self::Unavailable(_)
            | Self::Unschedulable(_)
            | Self::Blocked(_)
            | Self::ImageCommand { .. }
            | Self::Image { .. }
            | Self::Container { .. }
            | Self::AgentImage { .. }
            | Self::Agent(_)
            | Self::Files(_)
            | Self::AgentWaits(_)
            | Self::Command { .. }
            | Self::PodEnded { .. }
            | Self::Silence(_) => {
                let (why, remedy) = (cut(self.why(pod)), self.remedy(container));
                format!("{who} cannot run: {why}; {remedy}")
            }
        }
    }

    /// Returns the reason. Empty for causes whose sentence has another form.
    fn why(&self, pod: &PodName) -> String {
        match self {
            Self::PeerAddress(_) | Self::DiedAtOnce { .. } => String::new(),
            Self::AtRoot => {
                format!("files in / itself cannot be mounted into pod {pod}")
            }
            Self::Refused(message) | Self::Quota(message) => format!("pod {pod} is refused: {message}"),
            Self::Unavailable(message) => message.clone(),
            Self::Unschedulable(message) => format!("no node can run pod {pod}: {message}"),
            Self::Blocked(message) => format!("its node has not started pod {pod}: {message}"),
            Self::Image { image, message, .. } => format!("pod {pod} cannot pull image {image}: {message}"),
            Self::Container { message, .. } => format!("pod {pod} cannot start: {message}"),
            Self::AgentImage { image, message, .. } => {
                format!("pod {pod} cannot pull image {image}, which contains chainpod's agent: {message}")
            }
            Self::Agent(message) => format!("chainpod's agent cannot be installed in pod {pod}: {message}"),
            Self::Files(message) => format!("its files cannot be copied into pod {pod}: {message}"),
            Self::AgentWaits(message) => format!("the agent in pod {pod} waits for chainpod: {message}"),
            Self::Command { message, .. } => format!("pod {pod} cannot execute its program: {message}"),
            Self::PodEnded { code, end } => {
                format!("pod {pod} exited with code {code} before the program began: {end}")
            }
            Self::ImageCommand { image, message } => {
                format!("the ENTRYPOINT of image {image} is not known: {message}")
            }
            Self::Silence(limit) => format!("pod {pod} did not start within {} s", limit.as_secs()),
        }
    }

    /// Returns the remedy. Empty for causes whose sentence has another form.
    fn remedy(&self, container: &Container) -> Cow<'static, str> {
        let remedy = match self {
            Self::PodEnded { end, .. } => return end.remedy(container).into(),
            Self::PeerAddress(_) | Self::DiedAtOnce { .. } => "",
            Self::AtRoot => "build or upload them into a directory, such as /usr/local/bin",
            Self::Refused(message) => refusal::remedy(message),
            Self::Quota(_) => refusal::QUOTA,
            Self::Unavailable(_) => refusal::UNAVAILABLE,
            Self::Unschedulable(_) => "add a node that fits, or lower resources.requests in chainpod's rules",
            Self::Blocked(_) => {
                "check that the objects that the pod refers to exist, and that its node is Ready"
            }
            Self::Image { .. } => {
                "check that the image exists and that the nodes can pull it (credentials: imagePullSecrets in chainpod's rules)"
            }
            Self::Container { .. } => {
                "check that the objects that the pod refers to exist, and that its node allows the pod"
            }
            Self::AgentImage { .. } => "set chainpod's agent-image to an image that the nodes can pull",
            Self::Agent(_) => {
                "check that agent-image is chainpod's image for the nodes' architecture, and that agent-volume is auto"
            }
            Self::Files(_) => "check that pods can reach chainpod's agent-address, and read chainpod's log",
            Self::AgentWaits(_) => {
                "check that pods can reach chainpod's agent-address and that no mesh or proxy replaces its certificate, and read chainpod's log"
            }
            Self::Command { message, .. } => unexecutable(message),
            Self::ImageCommand { .. } => {
                "set images[].entrypoint in chainpod's rules, or give chainpod the registry's credentials (registry-auth)"
            }
            Self::Silence(_) => "read the pod's events with kubectl get events",
        };
        remedy.into()
    }
}

/// Returns the remedy for a program that cannot be executed, by the message about it.
fn unexecutable(message: &str) -> &'static str {
    let rows = UNEXECUTABLE.iter().find(|(said, _)| message.contains(said));
    rows.map_or(NO_SUCH_PROGRAM, |(_, remedy)| remedy)
}

/// Returns the sentence for chaincode that died at once.
fn died(
    container: &Container,
    pod: &PodName,
    (code, oom_killed): (i64, bool),
    peer: &str,
    words: &str,
) -> String {
    let end = if oom_killed { End::OutOfMemory } else { End::Itself };
    let how = end.how(container, code);
    let remedy = if oom_killed {
        end.remedy(container)
    } else if NO_PEER.iter().any(|said| words.contains(said)) {
        format!("check that pods can resolve and reach its peer at {peer}; if they cannot, {NAME_THE_PEER}")
    } else if words.is_empty() {
        format!(
            "{}; to see the reason, make the chaincode write its errors to stderr",
            end.remedy(container)
        )
    } else {
        let again = end.remedy(container);
        format!(
            "install a corrected version of the chaincode, or set the missing environment variable with env in chainpod's rules; {again}"
        )
    };
    let words = match words {
        "" => "it wrote nothing".to_owned(),
        words => format!("its last lines: {words}"),
    };
    format!(
        "{} {how} right after its start in pod {pod}; {words}; {remedy}",
        Who(container)
    )
}
