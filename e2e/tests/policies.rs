//! The chart's NetworkPolicy where NetworkPolicies count: who gets through to chainpod, and who does not.

use std::thread;
use std::time::Duration;

use harness::{Installed, Removed, TestNetwork, await_so, lab};
use lab::cluster::Namespace;
use lab::docker::{Docker, tar};
use lab::network::{NetworkOptions, Package};
use lab::progress::Progress;
use serde_json::{Value, json};

/// The time limit for a changed policy to take effect.
const SOON: Duration = Duration::from_secs(10);
/// For how many seconds a connection is tried: the kernel tries after one again.
const TRY_SECS: u32 = 2;
/// The labels that the policy for the agents' port requires of a Pod. In other namespaces they count for nothing.
const OURS: [&str; 2] = ["app.kubernetes.io/managed-by", "app.kubernetes.io/instance"];

/// A Pod that tries to connect.
struct Caller<'a>(&'a Namespace);

impl<'a> Caller<'a> {
    fn new(namespace: &'a Namespace, labels: &Value) -> Self {
        let container = json!({
            "name": "caller", "image": "docker.io/library/busybox:1.35", "command": ["sleep", "600"],
            "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
        });
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "caller", "namespace": namespace.name(), "labels": labels},
            "spec": {
                "containers": [container], "terminationGracePeriodSeconds": 1,
                "securityContext": {
                    "runAsNonRoot": true, "runAsUser": 500, "seccompProfile": {"type": "RuntimeDefault"},
                },
            },
        });
        namespace.cluster().apply(&pod.to_string()).unwrap();
        let ready = ["wait", "pod/caller", "--for=condition=Ready", "--timeout=60s"];
        namespace.kubectl(&ready).unwrap();
        Self(namespace)
    }

    /// Returns the output of a script in it.
    fn writes(&self, script: &str) -> String {
        let command = ["exec", "caller", "--", "sh", "-c", script];
        self.0.kubectl(&command).unwrap()
    }

    fn reaches(&self, ip: &str, port: u16) -> bool {
        let script = format!("nc -w {TRY_SECS} {ip} {port} -e true && echo reached || echo refused");
        match self.writes(&script).trim() {
            "reached" => true,
            "refused" => false,
            other => panic!("{other}"),
        }
    }

    /// Which of the doors it reaches.
    fn reached(&self, doors: &Doors) -> Reached {
        let all = [
            (&doors.docker, 2375),
            (&doors.pod, 2375),
            (&doors.agents, 2377),
            (&doors.pod, 2377),
            (&doors.pod, 9090),
        ];
        let [docker, docker_of_pod, agents, agents_of_pod, admin] = thread::scope(|scope| {
            let tried = all.map(|(ip, port)| scope.spawn(move || self.reaches(ip, port)));
            tried.map(|tried| tried.join().unwrap())
        });
        // No way around a Service.
        assert_eq!((docker, agents), (docker_of_pod, agents_of_pod));
        Reached {
            docker,
            agents,
            admin,
        }
    }

    fn is_served(&self, doors: &Doors) -> bool {
        self.writes(&format!("wget -q -O - http://{}:2375/_ping", doors.docker)) == "OK"
    }
}

/// The ports that a caller can reach.
#[derive(Debug, PartialEq, Eq)]
struct Reached {
    docker: bool,
    agents: bool,
    admin: bool,
}

const EVERYTHING: Reached = Reached {
    docker: true,
    agents: true,
    admin: true,
};
const NOTHING: Reached = Reached {
    docker: false,
    agents: false,
    admin: false,
};

/// The addresses of an installation: of its Services and its Pod.
struct Doors {
    docker: String,
    agents: String,
    pod: String,
}

impl Doors {
    fn of(installed: &Installed) -> Self {
        let service =
            |name| installed.kubectl(&["get", "service", name, "--output=jsonpath={.spec.clusterIP}"]);
        Self {
            docker: service("docker"),
            agents: service("chainpod-agents"),
            pod: of_daemon(installed, "{.status.podIP}"),
        }
    }
}

fn of_daemon(installed: &Installed, path: &str) -> String {
    installed.kubectl(&["get", &installed.pod(), &format!("--output=jsonpath={path}")])
}

/// The kubelet's probes get through.
fn stays_ready(installed: &Installed) {
    let path = "{.status.containerStatuses[*]['ready','restartCount']}";
    assert_eq!(of_daemon(installed, path), "true 0");
}

/// A container's whole life, asked for by this machine. In its Pod the agent reaches its port, or it would not
/// end well; the program does not reach Docker's.
fn lives(docker: &Docker, doors: &Doors) {
    let dockerfile = b"FROM hyperledger/fabric-baseos:2.5\nCOPY built /usr/local/src/built\n";
    let context = tar(&[("Dockerfile", dockerfile), ("built", b"blue")]).unwrap();
    docker.build("kv", &context).unwrap();
    let check = format!(
        "grep blue /usr/local/src/built && grep red /etc/hyperledger/fabric/uploaded && \
         ! timeout {TRY_SECS} bash -c '</dev/tcp/{}/2375'",
        doors.docker
    );
    let body = json!({"Image": "kv", "Cmd": ["/bin/bash", "-c", check]});
    docker.create("kv", &body).unwrap();
    let file = [("etc/hyperledger/fabric/uploaded", &b"red"[..])];
    docker.upload("kv", "/", tar(&file).unwrap()).unwrap();
    docker.start("kv").unwrap();
    assert_eq!(docker.wait("kv").unwrap(), 0, "{}", docker.logs("kv").unwrap());
    docker.remove("kv").unwrap();
}

#[test]
fn peers_reach_docker_and_our_pods_their_port_and_nobody_else() {
    let progress = Progress::new("policies");
    let (cluster, _) = lab(&progress);
    let _enforcement = cluster.enforce_network_policies(&progress).unwrap();
    let installed = Installed::with(&cluster, "policies", &["networkPolicy.enabled=false"]);
    let elsewhere = Namespace::create(&cluster, "policieselsewhere", "restricted").unwrap();
    let peer = Caller::new(installed.place(), &json!({}));
    let stranger = Caller::new(&elsewhere, &json!({OURS[0]: "chainpod", OURS[1]: "chainpod"}));
    let doors = Doors::of(&installed);
    // Who is refused below is refused by the policy.
    assert_eq!(stranger.reached(&doors), EVERYTHING);
    assert_eq!(peer.reached(&doors), EVERYTHING);

    installed.upgrade(&["networkPolicy.enabled=true"]);
    await_so("the policy counts", SOON, || !stranger.reaches(&doors.pod, 2375));
    // The admin port is everybody's as long as nobody is named.
    let admin = Reached {
        admin: true,
        ..NOTHING
    };
    assert_eq!(stranger.reached(&doors), admin);
    let docker = Reached {
        docker: true,
        ..admin
    };
    assert_eq!(peer.reached(&doors), docker);
    assert!(peer.is_served(&doors));
    lives(&installed.docker(), &doors);
    stays_ready(&installed);
}

#[test]
fn peers_chaincode_and_monitoring_may_be_elsewhere() {
    let progress = Progress::new("policiesfrom");
    let (cluster, _) = lab(&progress);
    let _enforcement = cluster.enforce_network_policies(&progress).unwrap();
    let chaincode = "policieschaincode";
    let _removed = Removed(|| cluster.kubectl(&["delete", "namespace", chaincode, "--wait=false"]));
    let peers = Namespace::create(&cluster, "policiespeers", "restricted").unwrap();
    // Installed means ready, so the kubelet's probes get through to a port that has one user.
    let installed = Installed::with(
        &cluster,
        "policiesfrom",
        &[
            &format!("chaincode.namespace={chaincode}"),
            "chaincode.createNamespace=true",
            "networkPolicy.docker.from[0].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name=policiespeers",
            "networkPolicy.admin.from[0].podSelector.matchLabels.app=prometheus",
        ],
    );
    let doors = Doors::of(&installed);
    let peer = Caller::new(&peers, &json!({"app": "prometheus"}));
    let docker = Reached {
        docker: true,
        ..NOTHING
    };
    assert_eq!(peer.reached(&doors), docker);
    assert!(peer.is_served(&doors));
    let prometheus = Caller::new(installed.place(), &json!({"app": "prometheus"}));
    let admin = Reached {
        admin: true,
        ..NOTHING
    };
    assert_eq!(prometheus.reached(&doors), admin);
    lives(&installed.docker(), &doors);
    stays_ready(&installed);
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn a_2_5_network_lives_with_the_policy() {
    let name = "policiesnetwork";
    let progress = Progress::new(name);
    let (cluster, _) = lab(&progress);
    let _enforcement = cluster.enforce_network_policies(&progress).unwrap();
    let installed = Installed::new(&cluster, name);
    let options = NetworkOptions::new(name, "tcp://docker:2375").in_cluster(name);
    let network = TestNetwork::of(&options, &progress);
    network.deploy(&Package::go("kv_1", &progress).unwrap()).unwrap();
    network.invoke("kv", "put", &["colour", "blue"]).unwrap();
    assert!(network.answers());
    network.comes_back_after(|pod| drop(installed.kubectl(&["delete", "pod", pod])));
    stays_ready(&installed);
}
