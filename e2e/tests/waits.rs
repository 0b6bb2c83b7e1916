//! The mistakes of everybody's first hour, in each shape of a Pod: what a start waits for that will not come, it says
//! in time and by its own name.

use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::{lab, says};
use lab::cluster::Cluster;
use lab::docker::{Docker, tar};
use lab::progress::Progress;
use serde_json::{Value, json};

#[path = "waits/agent.rs"]
mod agent;
#[path = "waits/limits.rs"]
mod limits;
#[path = "waits/others.rs"]
mod others;
#[path = "waits/reach.rs"]
mod reach;

/// The shapes of Pods: the way of the agent, and the image whose files get there.
const SHAPES: [(&str, &str); 4] = [
    ("image", "plain"),
    ("image", "kept"),
    ("init", "plain"),
    ("init", "kept"),
];
/// The time in which a start that cannot work fails.
const TOLD_LIMIT: Duration = Duration::from_secs(30);

/// A chainpod with images, one for each way in which files get into a Pod.
struct World {
    chainpod: Chainpod,
    docker: Docker,
}

impl World {
    fn new(name: &str, options: &[&str]) -> Self {
        let (cluster, daemon) = lab(&Progress::new(name));
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let chainpod = Chainpod::start_with(&cluster, &daemon, name, &options).unwrap();
        let docker = Docker::new(chainpod.docker());
        let world = Self { chainpod, docker };
        world.builds();
        world
    }

    fn builds(&self) {
        for (image, copy) in [
            ("plain", "COPY own.conf /usr/local/bin/\n"),
            // The image has files of its own there, which are kept.
            ("kept", "COPY own.conf /etc/\n"),
            ("bare", ""),
        ] {
            let dockerfile = format!("FROM hyperledger/fabric-baseos:2.5\n{copy}");
            let files = [("Dockerfile", dockerfile.as_bytes()), ("own.conf", b"here")];
            self.docker.build(image, &tar(&files).unwrap()).unwrap();
        }
    }

    fn create(&self, name: &str, image: &str, host_config: &Value) {
        let body =
            json!({"Image": image, "Cmd": ["/bin/sh", "-c", "exec sleep 600"], "HostConfig": host_config});
        self.docker.create(name, &body).unwrap();
    }

    /// The sentence of a start that fails; the Event has that reason.
    fn fails(&self, name: &str, image: &str, limit: Duration, reason: &str) -> String {
        self.create(name, image, &json!({}));
        let begun = Instant::now();
        let error = self.docker.start(name).expect_err("it cannot work and did");
        let took = begun.elapsed();
        let sentence = format!("{error:#}");
        eprintln!("{name}: {:.1} s: {sentence}", took.as_secs_f64());
        assert!(took < limit, "{name}: {took:?}: {sentence}");
        let logged = format!("\"reason\":\"{reason}\"");
        assert!(
            self.chainpod.log().contains(&logged),
            "{name}: no {reason}: {sentence}"
        );
        self.docker.remove(name).unwrap();
        sentence
    }

    fn starts(&self, name: &str, image: &str, host_config: &Value) {
        self.create(name, image, host_config);
        self.docker.start(name).unwrap();
        self.docker.remove(name).unwrap();
    }
}
