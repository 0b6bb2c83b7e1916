//! The images are in a bucket of a real object storage: no disk of chainpod's own has
//! to outlive it.

use std::thread;
use std::time::Duration;

use chainpod_e2e::{files, lab, says};
use lab::chainpod::Chainpod;
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use lab::storage::Storage;
use serde_json::json;

const NAMESPACE: &str = "bucket";
const IMAGE: &str = "dev-peer0.org1.example.com-kv1-ab";
const DOCKERFILE: &[u8] =
    b"FROM hyperledger/fabric-baseos:2.5\nCOPY large /usr/local/src/large\nCOPY word /usr/local/src/word\n";
/// More than one request takes.
static LARGE: [u8; 20 << 20] = [7; 20 << 20];
/// As long as a service takes to come back.
const OUTAGE: Duration = Duration::from_secs(10);

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
