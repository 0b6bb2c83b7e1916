//! Every way in which a container comes to nothing or to a bad end, brought about for
//! real: what the caller reads, what inspect shows, the Event on the record and the log
//! line are one sentence.

use std::thread;
use std::time::{Duration, Instant};

use harness::chainpod::Chainpod;
use harness::webhook::Webhook;
use harness::{await_so, lab, patch_pods};
use lab::cluster::Cluster;
use lab::docker::{Docker, tar, tar_of};
use lab::progress::Progress;
use serde_json::{Value, json};

#[path = "causes/acts.rs"]
mod acts;
#[path = "causes/away.rs"]
mod away;
#[path = "causes/row.rs"]
mod row;
#[path = "causes/rows.rs"]
mod rows;
#[path = "causes/seen.rs"]
mod seen;
#[path = "causes/store.rs"]
mod store;

use row::Row;
use rows::{DENIAL, DENIED, LIMITS, PATCH, PATCHED, PROGRAM_OF_ARM, rows};

/// The time for which a Pod may find no node here. The default is a minute.
const UNSCHEDULABLE_LIMIT: &str = "--unschedulable-limit=3s";
/// Failures that cannot resolve are reported within this time.
const TOLD_LIMIT: Duration = Duration::from_secs(30);

/// The chainpod and the Docker client that all rows share.
struct World {
    chainpod: Chainpod,
    docker: Docker,
}

impl World {
    fn new() -> Self {
        let (cluster, daemon) = lab(&Progress::new("causes"));
        let options = [UNSCHEDULABLE_LIMIT.to_owned()];
        let chainpod = Chainpod::start_with(&cluster, &daemon, "causes", &options).unwrap();
        let docker = Docker::new(chainpod.docker());
        cluster
            .apply(&LIMITS.replace("NAMESPACE", chainpod.namespace()))
            .unwrap();
        let world = Self { chainpod, docker };
        for (image, dockerfile) in [
            ("own", "FROM hyperledger/fabric-baseos:2.5\n"),
            ("nobase", "FROM hyperledger/fabric-baseos:9.9\n"),
        ] {
            let context = tar(&[("Dockerfile", dockerfile.as_bytes())]).unwrap();
            world.docker.build(image, &context).unwrap();
        }
        let dockerfile = b"FROM hyperledger/fabric-baseos:2.5\nCOPY program /usr/local/bin/program\n";
        let context = tar_of(0o755, &[("Dockerfile", dockerfile), ("program", PROGRAM_OF_ARM)]).unwrap();
        world.docker.build("arm", &context).unwrap();
        world.docker.pull("hyperledger/fabric-baseos:2.5").unwrap();
        world
    }

    /// The sentence of a row, and how long it took.
    fn fails(&self, row: &Row) -> (String, Duration) {
        let name = row.container();
        self.docker.create(&name, &row.body()).unwrap();
        if let Some(before) = row.before {
            before(self, &name);
        }
        let begun = Instant::now();
        let Some(act) = row.then else {
            let error = format!("{:#}", self.docker.start(&name).unwrap_err());
            let took = begun.elapsed();
            let (_, json) = error.split_once(": {").unwrap_or_else(|| panic!("{error}"));
            let answer: Value = serde_json::from_str(&format!("{{{json}")).unwrap();
            return (answer["message"].as_str().unwrap().to_owned(), took);
        };
        self.docker.start(&name).unwrap();
        let begun = Instant::now();
        act(self, &name);
        let code = self.docker.wait(&name).unwrap();
        assert_eq!(code, row.code, "{}", row.name);
        let took = begun.elapsed();
        await_so("the reason", Duration::from_secs(3), || {
            !seen::error(self, &name).is_empty()
        });
        (seen::error(self, &name), took)
    }

    fn check(&self, row: &Row) -> String {
        let (sentence, took) = self.fails(row);
        for part in row.says {
            assert!(
                sentence.contains(part),
                "{}: {part:?} is not in {sentence:?}",
                row.name
            );
        }
        assert!(took < TOLD_LIMIT, "{}: {took:?}", row.name);
        seen::state(self, row, &sentence);
        seen::event(self, row, &sentence);
        seen::log_line(self, row, &sentence);
        format!("{:14} {:5.1} s  {sentence}", row.name, took.as_secs_f64())
    }
}

#[test]
fn every_cause_is_one_sentence_for_the_caller_inspect_the_events_and_the_log() {
    let world = World::new();
    let namespace = world.chainpod.namespace();
    let cluster = Cluster::running().unwrap();
    let matching = json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "objectSelector": {"matchLabels": {PATCHED.0: PATCHED.1}},
    });
    let _policy = patch_pods(&cluster, namespace, matching, PATCH);
    let _webhook =
        Webhook::deny_pods(&cluster, namespace, ("chainpod.dev/chaincode", DENIED), DENIAL).unwrap();
    let failed: Vec<_> = thread::scope(|scope| {
        let rows = rows();
        let running: Vec<_> = rows
            .into_iter()
            .map(|row| {
                (
                    row.name,
                    scope.spawn({
                        let world = &world;
                        move || world.check(&row)
                    }),
                )
            })
            .collect();
        running
            .into_iter()
            .filter_map(|(name, row)| match row.join() {
                Ok(line) => {
                    eprintln!("{line}");
                    None
                }
                Err(_) => Some(name),
            })
            .collect()
    });
    assert!(failed.is_empty(), "{failed:?}");
}
