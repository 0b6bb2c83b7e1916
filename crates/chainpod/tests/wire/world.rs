//! chainpod's own router, engine and store on a real socket, over a cluster in memory. The agents of its Pods
//! do what a test prescribes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use agent_protocol::Event as AgentEvent;
use bytes::Bytes;
use engine::phase::Phase;
use engine::ports::{AgentId, Event, LogLine, PodSeen, PodState};
use engine::{End, Engine};
use jiff::Timestamp;
use tempfile::TempDir;
use testkit::FakeCluster;
use tokio::net::TcpListener;
use tokio::sync::Notify;

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) engine: Engine,
    pub(crate) cluster: Arc<FakeCluster>,
    /// The notifications that end a container's program, by the test's name for it. The newest start counts.
    exits: HashMap<String, Arc<Notify>>,
    _store: TempDir,
}

/// The behaviour of a container's program.
pub(crate) struct Script {
    /// Its whole output.
    pub(crate) log: Vec<u8>,
    /// Its exit code, by itself or by a signal.
    pub(crate) exit_code: i64,
    /// The tar that a build produces.
    pub(crate) output: Option<Vec<u8>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = store::Location::Directory(directory.path().to_owned());
        let store = store::ImageStore::open(&place).await.unwrap();
        let cluster = Arc::new(FakeCluster::default());
        let settings = testkit::settings("wire");
        let engine = Engine::new(settings, cluster.clone(), Arc::new(store));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = server::Connections::default();
        tokio::spawn(server::docker_listener(
            listener,
            server::docker(engine.clone()),
            connections,
        ));
        Self {
            address,
            engine,
            cluster,
            exits: HashMap::new(),
            _store: directory,
        }
    }

    /// Sets the behaviour of that container's next start.
    pub(crate) fn play(&mut self, name: &str, ours: &str, script: Script) {
        let lines = script.log.split_inclusive(|byte| *byte == b'\n').enumerate();
        let line = |(number, text): (usize, &[u8])| LogLine {
            time: Timestamp::from_second(i64::try_from(number).unwrap()).unwrap(),
            text: Bytes::copy_from_slice(text),
        };
        self.cluster.set_log(lines.map(line).collect());
        let exit = Arc::new(Notify::new());
        self.exits.insert(name.to_owned(), Arc::clone(&exit));
        let agent = Agent {
            engine: self.engine.clone(),
            cluster: Arc::clone(&self.cluster),
            container: ours.to_owned(),
        };
        tokio::spawn(async move { agent.run(script, &exit).await });
    }

    /// Ends that container's program.
    pub(crate) fn exit(&self, name: &str) {
        if let Some(exit) = self.exits.get(name) {
            exit.notify_one();
        }
    }
}

struct Agent {
    engine: Engine,
    cluster: Arc<FakeCluster>,
    container: String,
}

impl Agent {
    async fn run(self, script: Script, exit: &Notify) {
        let id = loop {
            self.cluster.launched().await;
            let record = self.engine.inspect(&self.container).await.unwrap();
            if record.container.phase == Phase::Starting {
                break AgentId {
                    start: record.container.starts,
                    record: record.name,
                    uid: record.uid,
                };
            }
        };
        let mut commands = self.engine.commands(&id).await.unwrap();
        self.hear(&id, AgentEvent::Started).await;
        tokio::select! {
            () = exit.notified() => {}
            _ = commands.recv() => {}
        }
        if let Some(tar) = script.output {
            let tar = Box::new(std::io::Cursor::new(tar));
            self.engine.output(&id, 0, tar).await.unwrap();
        }
        // The log's last lines are still in transit when the program ends.
        let ended = AgentEvent::Exited {
            exit_code: script.exit_code,
            oom_killed: false,
        };
        self.hear(&id, ended).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.end_pod(id, script.exit_code).await;
    }

    async fn hear(&self, id: &AgentId, event: AgentEvent) {
        self.engine
            .observe(Event::Agent(id.clone(), event))
            .await
            .unwrap();
    }

    async fn end_pod(&self, agent: AgentId, code: i64) {
        let Ok(record) = self.engine.inspect(&self.container).await else {
            return;
        };
        let state = PodState::Ended {
            code,
            end: End::Itself,
        };
        let pod = record.pod_name();
        self.engine
            .observe(Event::Pod(PodSeen {
                agent,
                pod,
                state,
                ending: None,
            }))
            .await
            .unwrap();
    }
}
