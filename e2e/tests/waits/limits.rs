//! A quota that counts limits.

use super::*;

/// The time that copying a large image's files may take.
const KEPT_LIMIT: Duration = Duration::from_secs(60);
/// It counts each container's.
const QUOTA: &str = "
apiVersion: v1
kind: ResourceQuota
metadata: {name: limits, namespace: NAMESPACE}
spec: {hard: {limits.cpu: '20', limits.memory: 20Gi}}
";
/// Rules that give limits to all Pods whose clients name none.
const RULES: &str = "
pods:
- name: all-have-limits
  resources: {limits: {cpu: 1, memory: 256Mi}}
";

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_quota_that_counts_limits_is_kept_in_each_shape_by_programs_that_have_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    for (volume, image) in SHAPES {
        let name = format!("waits-limits-{volume}-{image}");
        std::fs::write(&file, "pods: []\n").unwrap();
        let options = [
            format!("--agent-volume={volume}"),
            format!("--rules={}", file.display()),
        ];
        let world = World::new(&name, &options.each_ref().map(String::as_str));
        let quota = QUOTA.replace("NAMESPACE", world.chainpod.namespace());
        Cluster::running().unwrap().apply(&quota).unwrap();
        world.starts(
            "both",
            image,
            &json!({"Memory": 64 << 20, "NanoCpus": 500_000_000}),
        );
        let sentence = world.fails("none", image, TOLD_LIMIT, "PodRefused");
        let container = "must specify limits.cpu for: chaincode; limits.memory for: chaincode";
        says(
            &sentence,
            &[
                container,
                "set resources.limits and resources.requests in chainpod's rules",
            ],
        );
        std::fs::write(&file, RULES).unwrap();
        world.starts("ruled", image, &json!({}));
    }
}

/// A tree of some hundred MB, through a container that has 64 MiB.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_large_image_keeps_its_files_within_the_limits_of_what_copies_them() {
    let world = World::new("waits-large", &["--agent-volume=init"]);
    let dockerfile = b"FROM hyperledger/fabric-ccenv:2.5\nCOPY own.conf /usr/local/\n";
    let files = [("Dockerfile", dockerfile.as_slice()), ("own.conf", b"here")];
    world.docker.build("large", &tar(&files).unwrap()).unwrap();
    let begun = Instant::now();
    world.starts("large", "large", &json!({}));
    let took = begun.elapsed();
    eprintln!("large: {:.1} s", took.as_secs_f64());
    assert!(took < KEPT_LIMIT, "{took:?}");
}
