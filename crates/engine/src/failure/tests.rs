//! Every cause's sentence, as the user of a peer's command line reads it.

use super::*;
use crate::container::Spec;
use crate::image::{Digest, Image, Overlay};
use crate::name::Scope;

fn container() -> Container {
    let image = Image {
        id: Digest("sha256:00".to_owned()),
        name: "kv:latest".to_owned(),
        reference: "base".to_owned(),
        overlay: Some(Overlay::default()),
        created: jiff::Timestamp::UNIX_EPOCH,
        always_pull: false,
    };
    let spec = Spec {
        memory_bytes: 64 * MIB,
        ..Spec::default()
    };
    let name = format!("dev-peer0.org1-kv-{}", "ab".repeat(32));
    Container::new(name, Scope("s".to_owned()), spec, image)
}

fn died(code: i64, oom_killed: bool, last_words: &str) -> Cause {
    Cause::DiedAtOnce {
        code,
        oom_killed,
        last_words: last_words.to_owned(),
    }
}

#[test]
fn every_cause_names_chaincode_pod_and_remedy() {
    let pull = Cause::Image {
        image: "baseos:9".to_owned(),
        message: "ImagePullBackOff: not found".to_owned(),
        tried_again: false,
    };
    let rows = [
        (
            Cause::PeerAddress("0.0.0.0:7052".to_owned()),
            "chaincode kv of peer0.org1 cannot reach its peer at 0.0.0.0:7052: in pod p that is the pod itself; set \
             CORE_PEER_CHAINCODEADDRESS of the peer to a name that pods can resolve, and its port",
        ),
        (
            Cause::Refused("exceeded quota: pods=0".to_owned()),
            "chaincode kv of peer0.org1 cannot run: pod p is refused: exceeded quota: pods=0",
        ),
        (
            Cause::Unavailable("the kubernetes api server cannot be reached: x".to_owned()),
            "chaincode kv of peer0.org1 cannot run: the kubernetes api server cannot be reached: x",
        ),
        (
            Cause::Unschedulable("0/1 nodes are available".to_owned()),
            "chaincode kv of peer0.org1 cannot run: no node takes pod p: 0/1 nodes are available",
        ),
        (
            pull,
            "chaincode kv of peer0.org1 cannot run: pod p cannot pull image baseos:9: ImagePullBackOff: not found; \
             see that it exists and that the nodes can pull it",
        ),
        (
            Cause::Container("StartError: x".to_owned()),
            "chaincode kv of peer0.org1 cannot run: pod p cannot begin: StartError: x",
        ),
        (
            Cause::Agent("x".to_owned()),
            "chaincode kv of peer0.org1 cannot run: chainpod's agent does not get into pod p: x; see chainpod's \
             agent-image and agent-volume",
        ),
        (
            Cause::PodEnded {
                code: 137,
                message: "Evicted".to_owned(),
            },
            "chaincode kv of peer0.org1 cannot run: pod p ended with 137 before the program began: Evicted",
        ),
        (
            died(3, false, "config missing: DB_URL\n"),
            "chaincode kv of peer0.org1 exited with 3 right after its start in pod p; its last words: config missing: DB_URL",
        ),
        (
            died(137, true, ""),
            "chaincode kv of peer0.org1 was killed for its memory (limit 64 MiB) right after its start in pod p; \
             it wrote nothing",
        ),
        (
            Cause::Silence(Duration::from_secs(270)),
            "chaincode kv of peer0.org1 cannot run: pod p did not start within 270 s",
        ),
    ];
    for (cause, expected) in rows {
        assert_eq!(cause.sentence(&container(), &PodName("p".to_owned())), expected);
    }
}

#[test]
fn what_is_no_chaincode_has_its_containers_name() {
    let build = Container {
        name: "build-0123".to_owned(),
        ..container()
    };
    let sentence = Cause::Refused("no".to_owned()).sentence(&build, &PodName("p".to_owned()));
    assert_eq!(sentence, "container build-0123 cannot run: pod p is refused: no");
}
