//! One cluster with two runtimes: where a node mounts no images, another container
//! brings the agent, and chainpod finds out by itself.

use harness::chainpod::{self, Chainpod, Profile};
use harness::{Removed, lab, send_pods_to};
use lab::cluster::{Cluster, Runtime};
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::{Value, json};

const NAMESPACE: &str = "runtimes";
/// The part of chainpod's log line for a repeated launch.
const REPEATED: &str = "starting another pod that copies it";

struct Lab {
    cluster: Cluster,
    chainpod: Chainpod,
    docker: Docker,
    node: String,
}

impl Lab {
    /// Chooses the node of the Pods to come.
    fn choose(&self, old: bool) {
        let label = match old {
            true => format!("chainpod-lab-node={}", self.node),
            false => "chainpod-lab-node-".to_owned(),
        };
        self.cluster
            .kubectl(&["label", "namespace", NAMESPACE, "--overwrite", &label])
            .unwrap();
    }

    /// Starts a container: where its Pod is, and whether the agent was copied into it.
    fn starts(&self, name: &str) -> (String, bool) {
        let program = ["/bin/sh", "-c", "exec sleep 600"];
        self.docker
            .create(name, &json!({"Image": "own", "Cmd": program}))
            .unwrap();
        self.docker.start(name).unwrap();
        let get = [
            "--namespace",
            NAMESPACE,
            "get",
            "pods",
            "--field-selector=status.phase!=Failed",
            "-o",
            "json",
        ];
        let pods: Value = serde_json::from_str(&self.cluster.kubectl(&get).unwrap()).unwrap();
        let living = pods["items"].as_array().unwrap().iter();
        let mut living = living.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        let spec = &living.next().unwrap()["spec"];
        assert!(living.next().is_none(), "one container, two pods");
        let seen = (
            spec["nodeName"].as_str().unwrap().to_owned(),
            spec["containers"][0]["name"] == "agent",
        );
        self.docker.remove(name).unwrap();
        seen
    }

    /// Returns the number of launches that failed on the old runtime before they were repeated.
    fn failures(&self) -> usize {
        let log = self.chainpod.log();
        log.lines()
            .filter(|line| line.contains(REPEATED) && line.contains("failed to mkdir"))
            .count()
    }
}

#[test]
#[ignore = "takes long: cargo xtask test --full"]
fn where_a_node_mounts_no_images_the_agent_is_copied() {
    let progress = Progress::new("runtimes");
    let cluster = Cluster::running().expect("no lab runs: cargo xtask lab up");
    let node = cluster.add_node(Runtime::Containerd1, &progress).unwrap();
    let name = node.name();
    let _node = Removed(|| cluster.remove_node(&node));
    // Now, so that its image gets to all nodes.
    let daemon = chainpod::build(&cluster, Profile::Dev, &progress).unwrap();
    let chainpod = Chainpod::start(&cluster, &daemon, NAMESPACE).unwrap();
    let _policy = send_pods_to(&cluster, NAMESPACE, &name);
    let lab = Lab {
        docker: Docker::new(chainpod.docker()),
        cluster: cluster.clone(),
        chainpod,
        node: name.clone(),
    };
    let context = tar(&[("Dockerfile", b"FROM hyperledger/fabric-baseos:2.5\n")]).unwrap();
    lab.docker.build("own", &context).unwrap();
    let first = "lab".to_owned();

    lab.choose(true);
    // Policies count a moment after they are made.
    lab.cluster
        .wait_for("a pod on the old node", || lab.starts("settle").0 == name)
        .unwrap();
    assert_eq!(lab.starts("kept"), (name.clone(), true));
    lab.choose(false);
    assert_eq!(lab.starts("elsewhere").0, first);
    assert_eq!(lab.starts("mounted"), (first, false));
    lab.choose(true);
    assert_eq!(lab.starts("both"), (name, true));
    assert_eq!(
        lab.failures(),
        1,
        "the node's way was not kept:\n{}",
        lab.chainpod.log()
    );
}
