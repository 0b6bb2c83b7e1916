//! The images are in a bucket of a real object storage: no disk of chainpod's own has
//! to outlive it.

use std::thread;
use std::time::Duration;

use harness::chainpod::Chainpod;
use harness::{Installed, TestNetwork, await_so, files, lab, says};
use lab::docker::{Docker, tar};
use lab::network::{NetworkOptions, Package};
use lab::progress::Progress;
use lab::storage::Storage;
use serde_json::json;

const NAMESPACE: &str = "bucket";
/// The one of the test that is all Pods.
const CLUSTERED: &str = "clusterbucket";
/// The Secret with the bucket's key.
const KEY_SECRET: &str = "bucket-key";
const IMAGE: &str = "dev-peer0.org1.example.com-kv1-ab";
const DOCKERFILE: &[u8] =
    b"FROM hyperledger/fabric-baseos:2.5\nCOPY large /usr/local/src/large\nCOPY word /usr/local/src/word\n";
/// More than one request takes.
static LARGE: [u8; 20 << 20] = [7; 20 << 20];
/// As long as a service takes to come back.
const OUTAGE: Duration = Duration::from_secs(10);

/// The time limit for the next Pod, after the one before has gone.
const NEXT_POD_LIMIT: Duration = Duration::from_secs(30);

/// The image runs and has all that was built into it.
fn runs(docker: &Docker) {
    let check = "cd /usr/local/src && test $(wc -c <large) = 20971520 && grep -q blue word";
    let body = json!({"Image": IMAGE, "Cmd": ["/bin/sh", "-c", check]});
    docker.create("kv", &body).unwrap();
    docker.start("kv").unwrap();
    assert_eq!(docker.wait("kv").unwrap(), 0);
    docker.remove("kv").unwrap();
}

/// The line of that part of `/readyz`.
fn ready(chainpod: &Chainpod, part: &str) -> String {
    let url = format!("http://{}/readyz?verbose", chainpod.admin());
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let mut answer = ureq::Agent::new_with_config(config).get(url).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    let line = text.lines().find(|line| line.contains(part));
    line.unwrap_or_default().to_owned()
}

#[test]
fn images_outlive_chainpods_disk_and_calls_wait_for_the_bucket() {
    let (cluster, daemon) = lab(&Progress::new("bucket"));
    let storage = Storage::start().unwrap();
    let mut chainpod = Chainpod::start_with_bucket(&storage, &cluster, &daemon, NAMESPACE).unwrap();
    let docker = chainpod.api().unwrap();
    let context = tar(&[("Dockerfile", DOCKERFILE), ("large", &LARGE), ("word", b"blue")]).unwrap();
    docker.build(IMAGE, &context).unwrap();
    assert!(!chainpod.store().exists());
    assert_eq!(
        files(&storage.objects(NAMESPACE).join("refs").join(NAMESPACE)),
        [format!("{IMAGE}=3alatest")]
    );

    chainpod.kill().unwrap();
    chainpod.start_again().unwrap();
    runs(&docker);
    assert_eq!(ready(&chainpod, "store"), "[+]store ok");

    storage.gate().shut();
    let away = ready(&chainpod, "store");
    says(
        &away,
        &["[-]store failed: ", "s3://images/bucket: ", "AWS_ENDPOINT_URL"],
    );
    thread::scope(|scope| {
        let waiting = scope.spawn(|| runs(&docker));
        thread::sleep(OUTAGE);
        assert!(!waiting.is_finished());
        storage.gate().open();
        waiting.join().unwrap();
    });
    assert_eq!(ready(&chainpod, "store"), "[+]store ok");
}

/// The chart's values for it, whose key is in a Secret.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_peers_chaincode_comes_back_from_the_bucket_after_chainpods_pod_and_release() {
    let progress = Progress::new(CLUSTERED);
    let (cluster, _) = lab(&progress);
    let storage = Storage::start_for_pods(&cluster).unwrap();
    let bucket = format!("store.s3.bucket={}", Storage::bucket_name());
    let endpoint = format!("store.s3.endpoint={}", storage.endpoint());
    let secret = format!("store.s3.secretName={KEY_SECRET}");
    let values = ["store.type=s3", &bucket, &endpoint, &secret];
    let (id, key) = Storage::access_key();
    let keys = [
        format!("--from-literal=accessKeyId={id}"),
        format!("--from-literal=secretAccessKey={key}"),
    ];
    let create = ["create", "secret", "generic", KEY_SECRET, &keys[0], &keys[1]];
    let installed = Installed::prepared(
        &cluster,
        CLUSTERED,
        |namespace| drop(namespace.kubectl(&create).unwrap()),
        &values,
    );
    let claims = installed.kubectl(&["get", "persistentvolumeclaims", "--output=name"]);
    assert_eq!(claims, "");

    let options = NetworkOptions::new(CLUSTERED, "tcp://docker:2375").in_cluster(CLUSTERED);
    let network = TestNetwork::of(&options, &progress);
    network.deploy(&Package::go("kv_1", &progress).unwrap()).unwrap();
    network.invoke("kv", "put", &["colour", "blue"]).unwrap();
    // NAMESPACE/RELEASE: what docs/install.md says to remove.
    let images = || files(&storage.objects(CLUSTERED).join("chainpod/refs/chainpod"));
    let built = images();
    assert!(built.iter().any(|name| name.contains("peer0-org1")), "{built:?}");

    let before = installed.pod_uid();
    let _ = installed.kubectl(&["delete", &installed.pod()]);
    await_so("the next pod", NEXT_POD_LIMIT, || {
        let now = installed.pod_uid();
        !now.is_empty() && now != before
    });
    let _ = installed.kubectl(&["rollout", "status", "statefulset/chainpod"]);
    network.comes_back_after_a_crash();

    installed.uninstall();
    assert!(network.answers());
    assert_eq!(images(), built);
    installed.install(&values);
    network.comes_back_after_a_crash();
}
