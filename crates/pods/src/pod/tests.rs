//! Tests of the Pod as an object.

use engine::container::{Port, Record, Upload};
use engine::image::PullPolicy;
use engine::launch::Launch;
use engine::ports::AgentId;
use k8s_openapi::api::core::v1::{Container as PodContainer, Pod, VolumeMount, VolumeProjection};
use rules::{PodFields, PodRule, Rules};

use super::build;
use crate::agent::AgentBy;
use crate::cluster::tests::config;
use crate::own_containers::identity;
use crate::plan::{DOCKER_LABELS, Plan};
use crate::record::sample;

fn pod(record: &Record) -> Pod {
    ruled(record, &PodFields::default())
}

fn ruled(record: &Record, fields: &PodFields) -> Pod {
    planned(&sample::launch(record), fields)
}

/// Returns the Pod of that launch by a rule with these fields.
fn planned(launch: &Launch<'_>, fields: &PodFields) -> Pod {
    let mut rules = Rules::default();
    rules.pods.insert(
        0,
        PodRule {
            fields: fields.clone(),
            ..PodRule::default()
        },
    );
    let plan = Plan::of(launch, &rules, config().default_uid);
    build(launch, &plan, &config(), AgentBy::Mount)
}

fn container(record: &Record) -> PodContainer {
    pod(record).spec.unwrap().containers.remove(0)
}

#[test]
fn the_agent_is_the_first_process_and_nothing_is_expanded() {
    let container = container(&sample::chaincode());
    assert_eq!(container.name, "chaincode");
    assert_eq!(container.command.unwrap(), ["/.chainpod/chainpod-agent"]);
    assert_eq!(
        container.args.unwrap(),
        ["chaincode", "-peer.address=peer0:7052", "$$(HOME) $$$$"]
    );
    assert_eq!(container.working_dir, None);
}

#[test]
fn it_is_bare_controlled_by_the_record_and_tells_whose_it_is() {
    let record = sample::chaincode();
    let pod = pod(&record);
    let owner = &pod.metadata.owner_references.as_ref().unwrap()[0];
    assert_eq!(
        (owner.controller, owner.block_owner_deletion),
        (Some(true), Some(false))
    );
    let (agent, name) = identity(&pod).unwrap();
    assert_eq!(
        agent,
        AgentId {
            record: record.name.clone(),
            uid: "uid-1".into(),
            start: 2
        }
    );
    assert_eq!(name, record.pod_name());
    let spec = pod.spec.unwrap();
    assert_eq!(spec.restart_policy.as_deref(), Some("Never"));
    assert_eq!(
        (spec.automount_service_account_token, spec.enable_service_links),
        (Some(false), Some(false))
    );
    assert_eq!(
        (spec.containers.len(), spec.init_containers, spec.hostname),
        (1, None, None)
    );
}

/// Returns all mounts: path, volume, path in it.
fn mounts(record: &Record, fields: &PodFields) -> Vec<String> {
    let container = ruled(record, fields).spec.unwrap().containers.remove(0);
    let of = |mount: VolumeMount| {
        let sub_path = mount.sub_path.unwrap_or_default();
        format!("{} {} {sub_path}", mount.mount_path, mount.name)
    };
    container.volume_mounts.unwrap().into_iter().map(of).collect()
}

#[test]
fn uploads_are_mounted_file_by_file_and_the_last_of_a_path_wins() {
    let mut record = sample::chaincode();
    record.container.uploads.push(Upload::Files {
        number: 1,
        files: vec![sample::file("/etc/tls/a.crt")],
    });
    assert_eq!(
        mounts(&record, &PodFields::default()),
        [
            "/.chainpod agent ",
            "/.chainpod-task task ",
            "/.chainpod-home home ",
            "/usr/local/bin dir-0 ",
            "/etc/tls/a.crt files f0",
            "/etc/tls/b.key files f1",
        ]
    );
    let volumes = pod(&record).spec.unwrap().volumes.unwrap();
    let files = volumes.into_iter().find(|volume| volume.name == "files").unwrap();
    let sources = files.projected.unwrap().sources.unwrap();
    let of = |source: VolumeProjection| {
        let secret = source.secret.unwrap();
        let item = secret.items.unwrap().remove(0);
        let secret = secret.name.rsplit_once("-uid-1-").unwrap().1.to_owned();
        (secret, item.key, item.path, item.mode.unwrap())
    };
    let file =
        |secret: &str, key: &str, path: &str| (secret.to_owned(), key.to_owned(), path.to_owned(), 0o644);
    assert_eq!(
        sources.into_iter().map(of).collect::<Vec<_>>(),
        [file("files-1", "f0", "f0"), file("files-0", "f1", "f1")]
    );
}

#[test]
fn a_peers_files_are_one_volume_where_nothing_else_is() {
    let directory = "/etc/hyperledger/fabric";
    let uploaded = |image: &str, files: &[&str]| {
        let mut record = sample::chaincode();
        record.container.image.reference = image.into();
        record.container.uploads = vec![Upload::Files {
            number: 0,
            files: files
                .iter()
                .map(|name| sample::file(&format!("{directory}/{name}")))
                .collect(),
        }];
        record
    };
    let last = |record: &Record, fields: &PodFields| mounts(record, fields).split_off(4);
    let none = PodFields::default();
    let peers = &["client.crt", "client.key"];
    let baseos = "hyperledger/fabric-baseos:2.5";
    assert_eq!(
        last(&uploaded(baseos, peers), &none),
        ["/etc/hyperledger/fabric files-0 "]
    );
    let each = [
        "/etc/hyperledger/fabric/client.crt files f0",
        "/etc/hyperledger/fabric/client.key files f1",
    ];
    assert_eq!(last(&uploaded("hyperledger/fabric-peer:2.5", peers), &none), each);
    assert_eq!(
        last(&uploaded(baseos, &["client.crt", "msp/ca.crt"]), &none),
        [
            "/etc/hyperledger/fabric/client.crt files f0",
            "/etc/hyperledger/fabric/msp/ca.crt files f1",
        ]
    );
    let more: PodFields = serde_json::from_value(serde_json::json!({
        "files": {"/etc/hyperledger/fabric/more": {"secret": "s", "key": "more"}}
    }))
    .unwrap();
    let [ruled, rest @ ..] = &last(&uploaded(baseos, peers), &more)[..] else {
        unreachable!()
    };
    assert_eq!(ruled, "/etc/hyperledger/fabric/more file-0 more");
    assert_eq!(rest, each);
}

#[test]
fn the_user_is_a_number_or_the_default() {
    for (user, ruled_uid, uid, gid) in [
        ("", None, 500, None),
        ("chaincode", None, 500, None),
        ("7", None, 7, None),
        ("7:8", None, 7, Some(8)),
        ("0", None, 0, None),
        ("7:8", Some(0), 0, None),
        ("root", None, 0, None),
        ("7:root", None, 7, Some(0)),
    ] {
        let mut record = sample::chaincode();
        user.clone_into(&mut record.container.spec.user);
        let fields = PodFields {
            run_as_user: ruled_uid,
            ..PodFields::default()
        };
        let container = ruled(&record, &fields).spec.unwrap().containers.remove(0);
        let context = container.security_context.unwrap();
        assert_eq!(
            (context.run_as_user, context.run_as_group),
            (Some(uid), gid),
            "{user}"
        );
        assert_eq!(context.run_as_non_root, Some(uid != 0));
    }
}

#[test]
fn what_needs_no_agent_has_a_plain_pod() {
    let mut record = sample::chaincode();
    record.container.image.overlay = None;
    record.container.uploads.clear();
    let spec = pod(&record).spec.unwrap();
    let container = &spec.containers[0];
    assert_eq!(container.command, None);
    assert_eq!(container.args.as_ref().unwrap()[0], "chaincode");
    assert_eq!((spec.volumes, spec.init_containers), (Some(Vec::new()), None));
    record.container.spec.entrypoint = Some(vec!["/bin/sh".to_owned()]);
    let spec = pod(&record).spec.unwrap();
    assert_eq!(
        spec.containers[0].command.as_ref().unwrap()[..2],
        ["/bin/sh", "chaincode"]
    );
    assert_eq!(spec.containers[0].args, None);
}

#[test]
fn what_the_image_may_have_in_a_directory_is_copied_before_it_is_hidden() {
    let mut record = sample::chaincode();
    let overlay = record.container.image.overlay.as_mut().unwrap();
    overlay.directories.push("/etc".to_owned());
    let init = pod(&record).spec.unwrap().init_containers.unwrap();
    let [keeper] = &init[..] else {
        panic!("{init:?}");
    };
    assert_eq!(keeper.image, container(&record).image);
    assert_eq!(
        keeper.command.as_ref().unwrap(),
        &["/.chainpod/chainpod-agent", "--keep"]
    );
    assert_eq!(keeper.args.as_ref().unwrap(), &["/etc", "/.chainpod-kept/dir-0"]);
}

#[test]
fn what_a_create_request_says_of_the_pod_is_on_it() {
    let mut record = sample::chaincode();
    let spec = &mut record.container.spec;
    spec.hostname = "kv".to_owned();
    spec.tty = true;
    spec.read_only_root = true;
    let port = |number, protocol: &str| Port {
        number,
        protocol: protocol.to_owned(),
    };
    spec.ports = vec![port(80, "tcp"), port(53, "udp")];
    spec.labels = [("a b".to_owned(), "c/d".to_owned())].into();
    let pod = pod(&record);
    assert_eq!(
        pod.metadata.annotations.unwrap()[DOCKER_LABELS],
        r#"{"a b":"c/d"}"#
    );
    let spec = pod.spec.unwrap();
    let container = &spec.containers[0];
    assert_eq!(
        (spec.hostname.as_deref(), container.tty),
        (Some("kv"), Some(true))
    );
    let context = container.security_context.as_ref().unwrap();
    assert_eq!(context.read_only_root_filesystem, Some(true));
    let ports = container.ports.iter().flatten();
    let ports = ports.map(|port| (port.container_port, port.protocol.as_deref().unwrap()));
    assert_eq!(ports.collect::<Vec<_>>(), [(80, "TCP"), (53, "UDP")]);
}

#[test]
fn the_rules_image_is_pulled_when_they_say_by_all_that_have_it() {
    let mut record = sample::chaincode();
    let overlay = record.container.image.overlay.as_mut().unwrap();
    overlay.directories.push("/etc".to_owned());
    let mut launch = sample::launch(&record);
    for (policy, text) in [
        (PullPolicy::IfNotPresent, "IfNotPresent"),
        (PullPolicy::Always, "Always"),
        (PullPolicy::Never, "Never"),
    ] {
        launch.image = "mirror.example/baseos:2.5".to_owned();
        launch.pull_policy = policy;
        let spec = planned(&launch, &PodFields::default()).spec.unwrap();
        let keepers = spec.init_containers.unwrap();
        for container in spec.containers.iter().chain(&keepers) {
            assert_eq!(container.image.as_ref(), Some(&launch.image));
            assert_eq!(container.image_pull_policy.as_deref(), Some(text));
        }
    }
}

/// A quota that counts limits refuses a Pod with a container that has none.
#[test]
fn whatever_chainpod_adds_has_limits_of_its_own() {
    let mut record = sample::chaincode();
    let of = |record: &Record, by| {
        let pod = sample::pod(record, by);
        let spec = pod.spec.unwrap();
        let all = spec.init_containers.into_iter().flatten().chain(spec.containers);
        let ours = all.filter(|container| container.name != "chaincode");
        ours.map(|container| (container.name, container.resources.unwrap()))
            .collect::<Vec<_>>()
    };
    let copied = of(&record, AgentBy::Copy);
    let overlay = record.container.image.overlay.as_mut().unwrap();
    overlay.directories.push("/etc".to_owned());
    let kept = [of(&record, AgentBy::Copy), of(&record, AgentBy::Mount)].concat();
    let names: Vec<_> = copied
        .iter()
        .chain(&kept)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["agent", "agent", "keeper", "keeper"]);
    for (name, resources) in copied.into_iter().chain(kept) {
        for quantities in [resources.limits, resources.requests] {
            let named: Vec<_> = quantities.unwrap().into_keys().collect();
            assert_eq!(named, ["cpu", "memory"], "{name}");
        }
    }
}
