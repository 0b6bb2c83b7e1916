//! Unusual Pods: plain ones that need no agent, and ones whose files would hide the image's.

use std::time::Duration;

use harness::chainpod::Chainpod;
use harness::{await_so, lab};
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::{Value, json};

fn serve(name: &str, options: &[String]) -> (Chainpod, Docker) {
    let (cluster, daemon) = lab(&Progress::new(name));
    let chainpod = Chainpod::start_with(&cluster, &daemon, name, options).unwrap();
    let docker = Docker::new(chainpod.docker());
    (chainpod, docker)
}

/// Runs a container to its end: its exit code and what it has written.
fn run(docker: &Docker, body: &Value) -> (i64, String) {
    docker.create("own", body).unwrap();
    docker.start("own").unwrap();
    let code = docker.wait("own").unwrap();
    // The log's last lines may be under way.
    std::thread::sleep(Duration::from_secs(2));
    let log = docker.logs("own").unwrap();
    docker.remove("own").unwrap();
    (code, log)
}

/// The kubelet looks at it once a second.
const POD_ENDS: Duration = Duration::from_secs(20);

/// Peers of 2.5.15 and later first run such a command in the build image.
#[test]
fn what_needs_no_agent_has_a_plain_pod() {
    let (chainpod, docker) = serve("plain", &[]);
    docker.pull("hyperledger/fabric-ccenv:2.5").unwrap();
    let body = |cmd: &[&str]| json!({"Image": "hyperledger/fabric-ccenv:2.5", "Cmd": cmd});
    let (code, log) = run(&docker, &body(&["go", "version"]));
    assert!(code == 0 && log.starts_with("go version go1."), "{code} {log}");
    assert_eq!(run(&docker, &body(&["/bin/sh", "-c", "exit 7"])).0, 7);

    docker.create("own", &body(&["nosuch"])).unwrap();
    let error = docker.start("own").unwrap_err().to_string();
    assert!(
        error.contains(" 400 ") && error.contains("exec: \\\"nosuch\\\": executable file not found in $PATH"),
        "{error}"
    );
    docker.remove("own").unwrap();

    docker
        .create("own", &body(&["/bin/sh", "-c", "exec sleep 600"]))
        .unwrap();
    docker.start("own").unwrap();
    let path = "jsonpath={.items[*].spec.volumes}{.items[*].spec.initContainers}";
    assert_eq!(chainpod.kubectl(&["get", "pods", "-o", path]).unwrap(), "");
    docker.stop("own").unwrap();
    assert_eq!(
        docker.wait("own").unwrap(),
        137,
        "sleep as process 1 ignores TERM"
    );
    docker.remove("own").unwrap();
}

#[test]
fn what_an_image_has_beside_the_files_of_a_build_stays() {
    for volume in ["image", "init"] {
        let option = format!("--agent-volume={volume}");
        let (_chainpod, docker) = serve(&format!("beside-{volume}"), &[option]);
        let dockerfile = b"FROM hyperledger/fabric-baseos:2.5\nCOPY own.conf /etc/\n";
        let context = tar(&[("Dockerfile", dockerfile), ("own.conf", b"here")]).unwrap();
        docker.build("beside", &context).unwrap();
        let script = "cat /etc/own.conf && grep -c ^root: /etc/passwd";
        let body = json!({"Image": "beside", "Cmd": ["/bin/sh", "-c", script]});
        assert_eq!(run(&docker, &body), (0, "here1\n".to_owned()), "{volume}");
    }
}

/// The container that copied the agent runs next to the program, and ends with it.
#[test]
fn a_pod_into_which_the_agent_was_copied_ends_with_its_program() {
    let (chainpod, docker) = serve("copied", &["--agent-volume=init".to_owned()]);
    let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
    docker.build("copied", &context).unwrap();
    let body = json!({"Image": "copied", "Cmd": ["/bin/sh", "-c", "sleep 1; exit 3"]});
    docker.create("own", &body).unwrap();
    docker.start("own").unwrap();
    let pods = |path: &str| chainpod.kubectl(&["get", "pods", "-o", path]).unwrap();
    assert_eq!(
        pods("jsonpath={.items[*].spec.containers[*].name}"),
        "agent chaincode"
    );
    assert_eq!(docker.wait("own").unwrap(), 3);
    await_so("the pod's end", POD_ENDS, || {
        pods("jsonpath={.items[*].status.phase}") == "Failed"
    });
    docker.remove("own").unwrap();
}
