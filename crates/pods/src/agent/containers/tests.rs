//! Tests of the containers that copy the agent.

use super::*;
use crate::record::sample;

fn spec_of_copied(record: &engine::container::Record) -> k8s_openapi::api::core::v1::PodSpec {
    sample::pod(record, AgentBy::Copy).spec.unwrap()
}

#[test]
fn the_first_containers_hook_copies_the_agent_before_the_second_one_starts() {
    let spec = spec_of_copied(&sample::chaincode());
    assert_eq!(spec.init_containers, None);
    let [agent, program] = &spec.containers[..] else {
        panic!("{:?}", spec.containers);
    };
    assert_eq!(
        agent.command.as_ref().unwrap(),
        &["/chainpod-agent", "--stay", "/.chainpod"]
    );
    let hook = agent.lifecycle.as_ref().unwrap().post_start.as_ref().unwrap();
    assert_eq!(
        hook.exec.as_ref().unwrap().command.as_ref().unwrap(),
        &["/chainpod-agent", "--install", "/.chainpod"]
    );
    let mounts = [agent, program].map(|container| {
        let mount = &container.volume_mounts.as_ref().unwrap()[0];
        (mount.mount_path.as_str(), mount.read_only)
    });
    assert_eq!(mounts, [("/.chainpod", None), ("/.chainpod", Some(true))]);
    let volume = &spec.volumes.unwrap()[0];
    assert!(volume.image.is_none() && volume.empty_dir.is_some());
    assert_eq!(agent.security_context.as_ref().unwrap().run_as_user, Some(500));
}

#[test]
fn an_init_container_copies_the_agent_for_one_that_copies_files() {
    let mut record = sample::chaincode();
    let overlay = record.container.image.overlay.as_mut().unwrap();
    overlay.directories.push("/etc".to_owned());
    let spec = spec_of_copied(&record);
    let before: Vec<_> = spec
        .init_containers
        .unwrap()
        .into_iter()
        .map(|it| it.command.unwrap())
        .collect();
    assert_eq!(
        before,
        [
            vec!["/chainpod-agent", "--install", "/.chainpod"],
            vec!["/.chainpod/chainpod-agent", "--keep"]
        ]
    );
    assert_eq!(spec.containers.len(), 1);
}
