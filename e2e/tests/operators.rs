//! The operators' view of a real chainpod on a real cluster: its probes, its metrics, and the other commands.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use harness::chainpod::Chainpod;
use harness::{await_so, lab, says};
use lab::docker::{Docker, tar};
use lab::gate::Gate;
use lab::progress::Progress;
use serde_json::{Value, json};

const HASH: &str = "477e9776d271bc0497912643ec86ff0fd50959040ae6cc0b52cd24c6d5917f68";
const LIMIT: Duration = Duration::from_secs(20);

struct Lab {
    daemon: PathBuf,
    chainpod: Chainpod,
    docker: Docker,
    gate: Gate,
}

impl Lab {
    fn new(name: &str) -> Self {
        let (cluster, daemon) = lab(&Progress::new(name));
        let gate = Gate::to(cluster.api()).unwrap();
        let chainpod = Chainpod::start_behind(&gate, &cluster, &daemon, name).unwrap();
        let docker = Docker::new(chainpod.docker());
        let dockerfile = b"FROM hyperledger/fabric-baseos:2.5\nADD own /usr/local/bin/\n";
        let context = tar(&[("Dockerfile", dockerfile), ("own", b"own")]);
        docker.build("own", context.unwrap()).unwrap();
        Self {
            daemon,
            chainpod,
            docker,
            gate,
        }
    }

    /// Starts what a peer would call its chaincode.
    fn run(&self, peer: &str, chaincode: &str, script: &str) -> String {
        let name = format!("dev-{peer}-{chaincode}-{HASH}");
        let body = json!({
            "Image": "own",
            "Cmd": ["/bin/sh", "-c", script],
            "Env": ["CORE_PEER_LOCALMSPID=Org1MSP"],
            "HostConfig": {"Memory": 268_435_456},
        });
        self.docker.create(&name, &body).unwrap();
        self.docker.start(&name).unwrap();
        name
    }

    fn admin(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.chainpod.admin());
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let mut answer = ureq::Agent::from(config).get(&url).call().unwrap();
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_to_string().unwrap())
    }

    /// A command of the operator's, with the cluster admin's rights.
    fn command(&self, arguments: &[&str]) -> Output {
        let namespace = self.chainpod.namespace();
        Command::new(&self.daemon)
            .args(arguments)
            .args(["--namespace", namespace, "--instance", namespace])
            .env(
                "KUBECONFIG",
                lab::cluster::Cluster::running().unwrap().kubeconfig(),
            )
            .output()
            .unwrap()
    }

    fn says(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn probes_and_metrics_tell_how_it_is() {
    let lab = Lab::new("operators-probes");
    await_so("it to be ready", LIMIT, || {
        lab.admin("/readyz") == (200, "ok".to_owned())
    });
    lab.run("peer0.org1", "kv_1", "exec sleep 600");
    let (_, metrics) = lab.admin("/metrics");
    says(
        &metrics,
        &[
            "chainpod_containers_running{chaincode=\"kv_1\",peer=\"peer0.org1\",msp=\"Org1MSP\",role=\"chaincode\"} 1",
            "chainpod_launch_duration_seconds_count{role=\"chaincode\"} 1",
            "chainpod_build_duration_seconds_count 1",
            "chainpod_operations_total{operation=\"container_start\",result=\"ok\"} 1",
        ],
    );
    let mut promtool = Command::new(lab::machine::promtool().unwrap())
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(metrics.as_bytes())
        .unwrap();
    let checked = promtool.wait_with_output().unwrap();
    let said = String::from_utf8([checked.stdout, checked.stderr].concat()).unwrap();
    assert!(checked.status.success() && said.is_empty(), "{said}");

    lab.gate.shut();
    let (status, text) = lab.admin("/readyz");
    assert_eq!(status, 503, "{text}");
    says(
        &text,
        &["[-]kubernetes failed: ", "[+]store ok\n", "readyz check failed\n"],
    );
    assert_eq!(lab.admin("/livez"), (200, "ok".to_owned()));
    lab.gate.open();
    await_so("it to be ready again", LIMIT, || lab.admin("/readyz").0 == 200);
    await_so("the watches to be told", LIMIT, || {
        lab.admin("/metrics")
            .1
            .contains("chainpod_watch_restarts_total{kind=\"Pod\"}")
    });
}

#[test]
fn chaincode_is_listed_read_and_tidied_up() {
    let lab = Lab::new("operators-commands");
    let peer0 = lab.run("peer0.org1", "kv_1", "echo from zero; exec sleep 600");
    lab.run("peer1.org1", "kv_1", "echo from one; exec sleep 600");
    let table = lab.says(&["ps"]);
    says(
        &table,
        &[
            "CHAINCODE",
            "kv_1",
            "peer0.org1",
            "peer1.org1",
            "running",
            "256Mi",
        ],
    );
    assert_eq!(table.lines().count(), 3, "{table}");
    let list: Value = serde_json::from_str(&lab.says(&["ps", "-o", "json"])).unwrap();
    assert_eq!(
        (&list[0]["msp"], &list[0]["restarts"]),
        (&json!("Org1MSP"), &json!(0))
    );
    let pod = list[0]["pod"].as_str().unwrap();

    says(
        &lab.says(&["logs", "kv"]),
        &[&format!("[{pod}] from zero\n"), "from one\n"],
    );
    assert_eq!(lab.says(&["logs", "kv", "--peer", "peer0"]), "from zero\n");
    let output = lab.command(&["logs", "other"]);
    says(
        &String::from_utf8_lossy(&output.stderr),
        &["no container or chaincode has the name other"],
    );
    assert_eq!(output.status.code(), Some(1));

    lab.docker.stop(&peer0).unwrap();
    says(&lab.says(&["ps", "-a"]), &["exited (143)"]);
    assert_eq!(lab.says(&["ps"]).lines().count(), 2);
    lab.chainpod.kubectl(&["delete", "pod", pod]).unwrap();
    await_so("the last words to be kept", LIMIT, || {
        lab.says(&["logs", "kv", "--peer", "peer0", "--tail", "1"]) == "from zero\n"
    });

    let store = lab.chainpod.store();
    let store = format!("--store={}", store.display());
    says(
        &lab.says(&["gc", &store]),
        &[
            "there is no garbage",
            &format!("the chainpod that serves it (process {} on ", lab.chainpod.pid()),
            ") removes them itself",
        ],
    );
    let found = lab.says(&["gc", &store, "--older-than=0s"]);
    says(
        &found,
        &["configmap", &peer0, "exited with code 143", "nothing was removed"],
    );
    assert_eq!(lab.says(&["ps", "-a"]).lines().count(), 3);
    lab.says(&["gc", &store, "--older-than=0s", "--delete"]);
    assert_eq!(lab.says(&["ps", "-a"]).lines().count(), 2);
    let gone = lab.docker.inspect(&peer0);
    await_so("chainpod to hear of it", LIMIT, || {
        lab.docker.inspect(&peer0).is_err() || gone.is_err()
    });
    says(&lab.says(&["ps"]), &["peer1.org1", "running"]);
}

#[test]
fn doctor_finds_what_is_there_and_what_is_not() {
    let lab = Lab::new("operators-doctor");
    let store = format!("--store={}", lab.chainpod.store().display());
    let image = &format!("--agent-image={}", Chainpod::agent_image());
    let address = format!("--agent-address={}", lab.chainpod.agents());
    let healthy = lab.says(&["doctor", &store, image, &address]);
    let checks = [
        "api server",
        "clock",
        "permissions",
        "pods",
        "image volumes",
        "agent image",
        "agents",
        "names",
        "store",
    ];
    let lines: Vec<_> = checks.iter().map(|check| format!("✓ {check}: ")).collect();
    says(&healthy, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(lab.chainpod.objects("pods", &[]).unwrap(), [""; 0]);

    lab.chainpod
        .kubectl(&["create", "quota", "none", "--hard=pods=0"])
        .unwrap();
    let output = lab.command(&["doctor", "-o", "json", image, "--store=/no/such", &address]);
    assert_eq!(output.status.code(), Some(1));
    let all: Value = serde_json::from_slice(&output.stdout).unwrap();
    let status = |name: &str| {
        let all = all.as_array().unwrap().iter();
        let check = all.into_iter().find(|check| check["check"] == name).unwrap();
        check["status"].as_str().unwrap().to_owned()
    };
    assert_eq!([status("pods"), status("agents")], ["failed", "failed"]);
    assert_eq!([status("api server"), status("store")], ["ok", "warning"]);
    says(
        &all.to_string(),
        &["exceeded quota", "raise the namespace's quota"],
    );
}

/// These are mistakes of everybody's first hour, found before anybody installs chaincode.
#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn doctor_finds_the_mistakes_of_the_first_hour() {
    let (lab, other) = (Lab::new("operators-first"), Lab::new("operators-second"));
    let store = format!("--store={}", lab.chainpod.store().display());
    let image = format!("--agent-image={}", Chainpod::agent_image());
    let address = format!("--agent-address={}", lab.chainpod.agents());
    let check = |arguments: &[&str], name: &str| {
        let output = lab.command(&[&["doctor", "-o", "json", &store], arguments].concat());
        let all: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut all = all.as_array().unwrap().iter();
        let check = all.find(|check| check["check"] == name).unwrap();
        let text = format!("{} {} {}", check["status"], check["text"], check["remedy"]);
        eprintln!("{name}: {text}");
        text
    };

    let nope = ["--agent-image=docker.io/chainpod/chainpod:nope", &address];
    let begun = std::time::Instant::now();
    for name in ["agent image", "agents"] {
        says(
            &check(&nope, name),
            &[
                "failed",
                "cannot pull agent-image docker.io/chainpod/chainpod:nope: ",
                "set agent-image",
            ],
        );
    }
    assert!(begun.elapsed() < 3 * LIMIT, "{:?}", begun.elapsed());

    let stranger = format!("--agent-address={}", other.chainpod.agents());
    says(
        &check(&[&image, &stranger], "agents"),
        &[
            "failed",
            "is not this chainpod: ",
            "invalid peer certificate",
            "mesh or proxy",
        ],
    );
    let closed = format!("--agent-address={}:1", lab.chainpod.agents().ip());
    says(
        &check(&[&image, &closed], "agents"),
        &["failed", "cannot be reached: Connection refused"],
    );

    let limits = [
        "create",
        "quota",
        "limits",
        "--hard=limits.cpu=20,limits.memory=20Gi",
    ];
    lab.chainpod.kubectl(&limits).unwrap();
    says(
        &check(&[&image, &address], "pods"),
        &[
            "failed",
            "must specify limits.cpu for: chaincode",
            "set resources.limits",
        ],
    );
    // What doctor itself needs of Pods has limits.
    says(
        &check(&[&image, &address], "agents"),
        &["ok", "and chainpod answers there"],
    );
    let rules = tempfile::NamedTempFile::new().unwrap();
    let all = "pods:\n- name: all\n  resources: {limits: {cpu: 1, memory: 256Mi}}\n";
    std::fs::write(rules.path(), all).unwrap();
    let rules = format!("--rules={}", rules.path().display());
    says(&check(&[&image, &address, &rules], "pods"), &["ok"]);
    assert_eq!(lab.chainpod.objects("pods", &[]).unwrap(), [""; 0]);
}
