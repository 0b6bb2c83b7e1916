//! Every cause's and every end's sentence is in docs/failures.md, word for word, and nothing else is.

use std::collections::BTreeSet;
use std::iter::successors;

use super::words::WORDS_BYTES;
use super::*;
use crate::container::{BuiltFor, Container, Role, Spec};
use crate::error::Error;
use crate::image::{Digest, Image, Overlay};
use crate::name::{PodName, Scope};
use crate::ports::{ClusterError, StoreError};

const DOCS: &str = include_str!("../../../../docs/failures.md");

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
        memory_bytes: 64 << 20,
        ..Spec::default()
    };
    let name = format!("dev-PEER-NAME-{}", "ab".repeat(32));
    Container::new(name, Scope("s".to_owned()), spec, image)
}

/// Returns a container that builds the chaincode of that name for that peer. An empty name is unknown.
fn build(chaincode: &str, peer: &str) -> Container {
    let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Container {
        name: "build-0123".to_owned(),
        role: Role::Build,
        built_for: Some(BuiltFor {
            chaincode: known(chaincode),
            peer: known(peer),
            msp: None,
        }),
        ..container()
    }
}

/// Returns a container whose client sets no memory limit.
fn unlimited() -> Container {
    let mut container = container();
    container.spec.memory_bytes = 0;
    container
}

fn pod() -> PodName {
    PodName("POD".to_owned())
}

fn died(oom_killed: bool, last_words: &str) -> Cause {
    Cause::DiedAtOnce {
        code: if oom_killed { 137 } else { 3 },
        oom_killed,
        peer: "ADDRESS".to_owned(),
        last_words: last_words.to_owned(),
    }
}

fn command(message: &str) -> Cause {
    Cause::Command {
        message: format!("exec: \"PROGRAM\": {message}"),
        code: 127,
    }
}

/// Returns the cause after this one, with one of each kind in their order. A new kind does not compile
/// without a row here.
fn after(cause: &Cause) -> Option<Cause> {
    let message = || "MESSAGE".to_owned();
    Some(match cause {
        Cause::PeerAddress(_) => Cause::AtRoot,
        Cause::AtRoot => Cause::Refused(message()),
        Cause::Refused(_) => Cause::Quota("exceeded quota: MESSAGE".to_owned()),
        Cause::Quota(_) => {
            Cause::Unavailable("the kubernetes api server cannot be reached: MESSAGE".to_owned())
        }
        Cause::Unavailable(_) => Cause::Unschedulable(message()),
        Cause::Unschedulable(_) => Cause::Blocked(message()),
        Cause::Blocked(_) => Cause::ImageCommand {
            image: "IMAGE".to_owned(),
            message: message(),
        },
        Cause::ImageCommand { .. } => Cause::Image {
            image: "IMAGE".to_owned(),
            message: message(),
            tried_again: true,
        },
        Cause::Image { .. } => Cause::Container {
            message: message(),
            outlook: Outlook::Good,
        },
        Cause::Container { .. } => Cause::AgentImage {
            image: "IMAGE".to_owned(),
            message: message(),
            tried_again: true,
        },
        Cause::AgentImage { .. } => Cause::Agent(message()),
        Cause::Agent(_) => Cause::Files(message()),
        Cause::Files(_) => Cause::AgentWaits("cannot fetch files for /usr/local/bin: WORDS".to_owned()),
        Cause::AgentWaits(_) => command("executable file not found in $PATH"),
        Cause::Command { .. } => Cause::PodEnded {
            code: 137,
            end: End::Evicted(message()),
        },
        Cause::PodEnded { .. } => died(false, "WORDS\n"),
        Cause::DiedAtOnce { .. } => Cause::Silence(Duration::from_secs(270)),
        Cause::Silence(_) => return None,
    })
}

/// Returns the end after this one, in the same way as [`after`].
fn end_after(end: &End) -> Option<End> {
    let message = || "MESSAGE".to_owned();
    Some(match end {
        End::Itself => End::OutOfMemory,
        End::OutOfMemory => End::Evicted(message()),
        End::Evicted(_) => End::Preempted(message()),
        End::Preempted(_) => End::NodeLost(message()),
        End::NodeLost(_) => End::Deleted,
        End::Deleted => End::PodFailed(message()),
        End::PodFailed(_) => End::OutputsLost("MESSAGE".to_owned()),
        End::OutputsLost(_) => End::AgentLost,
        End::AgentLost => End::Unseen,
        End::Unseen => End::Vanished,
        End::Vanished => return None,
    })
}

/// The causes whose sentence depends on more than their kind.
fn further() -> Vec<Cause> {
    let refusals = [
        "violates PodSecurity \"restricted:latest\": MESSAGE",
        "failed quota: NAME: must specify limits.memory for: chaincode",
        "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        "admission webhook \"NAME\" denied the request: MESSAGE",
        "User \"NAME\" cannot create resource \"pods\"",
        "namespace NAME is being terminated",
        "Unauthorized",
    ];
    let refusals = refusals.map(|message| Cause::Refused(message.to_owned()));
    let commands = ["exec format error", "permission denied"].map(command);
    let died = [
        died(true, ""),
        died(false, "lookup peer0: no such host"),
        died(false, ""),
    ];
    [&refusals[..], &commands[..], &died[..]].concat()
}

/// Returns all names and sentences, for the comparison with the documentation's tables.
fn sentences() -> BTreeSet<(String, String)> {
    let (container, pod) = (container(), pod());
    let first = Cause::PeerAddress("ADDRESS".to_owned());
    let causes = successors(Some(first), after).chain(further());
    let causes = causes.map(|cause| (cause.name(), cause.sentence(&container, &pod)));
    let ends = successors(end_after(&End::Itself), end_after).map(|end| match end {
        End::OutputsLost(_) => (end.name(), end.sentence(&build("NAME", "PEER"), &pod, 0)),
        End::Deleted => (end.name(), end.sentence(&container, &pod, 143)),
        _ => (end.name(), end.sentence(&container, &pod, 137)),
    });
    let unlimited = End::OutOfMemory.sentence(&unlimited(), &pod, 137);
    let ends = ends.chain([(End::OutOfMemory.name(), unlimited)]);
    causes
        .chain(ends)
        .map(|(name, sentence)| (name.to_owned(), sentence))
        .collect()
}

/// Returns the first two cells of each row whose first cell is code.
fn documented() -> BTreeSet<(String, String)> {
    let rows = DOCS.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| {
        let (name, rest) = row.split_once("` | ").unwrap();
        (name.to_owned(), rest.split_once(" | ").unwrap().0.to_owned())
    })
    .collect()
}

#[test]
fn every_sentence_is_documented_and_every_documented_one_is_said() {
    let (said, documented) = (sentences(), documented());
    let missing: Vec<_> = said.difference(&documented).collect();
    assert!(missing.is_empty(), "not in docs/failures.md: {missing:#?}");
    let outdated: Vec<_> = documented.difference(&said).collect();
    assert!(
        outdated.is_empty(),
        "nobody says what docs/failures.md has: {outdated:#?}"
    );
}

/// The exception is a Pod without a node, which an autoscaler may have to add. The API server and the whole
/// start have their own limits.
#[test]
fn every_cause_is_told_in_less_than_30_s() {
    const TOLD: Duration = Duration::from_secs(30);
    // The interval at which a Pod's node is asked.
    const ASKED: Duration = Duration::from_secs(5);
    let limits = StartLimits::default();
    let causes = successors(Some(Cause::PeerAddress(String::new())), after).chain(further());
    for cause in causes.filter(|cause| !matches!(cause, Cause::Unschedulable(_))) {
        let patience = cause.patience(&limits);
        assert!(patience + ASKED < TOLD, "{}: {patience:?}", cause.name());
    }
    let pull = Cause::AgentImage {
        image: String::new(),
        message: String::new(),
        tried_again: true,
    };
    assert!(pull.patience(&limits) < Duration::from_secs(15));
}

#[test]
fn what_ends_by_itself_has_its_exit_code_alone() {
    assert_eq!(End::Itself.sentence(&container(), &pod(), 3), "");
}

#[test]
fn no_transaction_repeats_a_build_that_something_else_ended() {
    for end in [End::Evicted("no memory".to_owned()), End::Deleted, End::AgentLost] {
        let sentence = end.sentence(&build("NAME", "PEER"), &pod(), 137);
        assert!(sentence.contains("; install the chaincode again"), "{sentence}");
        let sentence = end.sentence(&build("", "PEER"), &pod(), 137);
        assert!(sentence.contains("; start it again"), "{sentence}");
    }
}

/// The client's limit cannot be raised, because it has none. A rule or a `LimitRange` may set one.
#[test]
fn lack_of_memory_without_a_limit_of_the_client_names_what_can_be_set() {
    let at_once = Cause::DiedAtOnce {
        code: 137,
        oom_killed: true,
        peer: "ADDRESS".to_owned(),
        last_words: String::new(),
    };
    for sentence in [
        End::OutOfMemory.sentence(&unlimited(), &pod(), 137),
        at_once.sentence(&unlimited(), &pod()),
    ] {
        assert!(!sentence.contains("raise HostConfig"), "{sentence}");
        assert!(sentence.contains("LimitRange"), "{sentence}");
        assert!(sentence.contains("set resources.requests.memory"), "{sentence}");
    }
}

#[test]
fn a_sentence_has_a_part_of_what_others_say_at_length_and_all_that_is_our_own() {
    let long = "ü".repeat(1 << 20);
    let (container, pod) = (container(), pod());
    let sentence = died(false, &format!("{long} the end\n")).sentence(&container, &pod);
    assert!(sentence.len() < WORDS_BYTES + 512, "{} bytes", sentence.len());
    assert!(sentence.contains("ü the end; "), "{sentence}");
    for sentence in [
        command(&long).sentence(&container, &pod),
        Cause::Refused(long.clone()).sentence(&container, &pod),
        End::PodFailed(long).sentence(&container, &pod, 1),
    ] {
        assert!(sentence.len() < WORDS_BYTES + 512, "{} bytes", sentence.len());
        let (_, remedy) = sentence.rsplit_once("ü; ").unwrap();
        assert!(!remedy.is_empty());
    }
}

#[test]
fn what_is_no_chaincode_has_its_containers_name_or_says_whose_build_it_is() {
    for (chaincode, peer, who) in [
        ("", "", "container build-0123"),
        ("", "peer0", "container build-0123 of peer0"),
        ("kv", "", "build of chaincode kv"),
        ("kv", "peer0", "build of chaincode kv of peer0"),
    ] {
        let sentence = Cause::Refused("no".to_owned()).sentence(&build(chaincode, peer), &pod());
        assert!(
            sentence.starts_with(&format!("{who} cannot run: pod POD is refused: no; ")),
            "{sentence}"
        );
    }
}

#[test]
fn what_fails_on_the_way_to_a_pod_names_its_container_and_a_remedy() {
    let of = |error: Error| {
        error
            .of(|| format!("{} cannot be created", Who(&container())))
            .to_string()
    };
    let who = "chaincode NAME of PEER cannot be created: ";
    for (error, expected) in [
        (
            ClusterError::Unavailable("MESSAGE".to_owned()).into(),
            "the kubernetes api server cannot be reached: MESSAGE; check that it runs and that chainpod can reach it",
        ),
        (
            ClusterError::Refused("namespace NAME is being terminated".to_owned()).into(),
            "namespace NAME is being terminated; set chainpod's namespace to one that is not being deleted",
        ),
        (
            StoreError::Io(
                "FILE: No space left on device; enlarge the store's volume or remove images".to_owned(),
            )
            .into(),
            "the image store failed: FILE: No space left on device; enlarge the store's volume or remove images",
        ),
    ] {
        assert_eq!(of(error), format!("{who}{expected}"));
        assert!(DOCS.contains(expected), "not in docs/failures.md: {expected}");
    }
    // Docker's own texts stay as they are.
    assert_eq!(of(Error::NoSuchImage("x:1".to_owned())), "No such image: x:1");
}
