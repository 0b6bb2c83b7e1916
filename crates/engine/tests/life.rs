//! A container's life over fakes: the answers, events and their order. The fakes produce conflicts and
//! refusals on command, which real clusters do not.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use agent_protocol::{Command, Event as Agent, FailureKind, StartFailure};
use engine::container::{Role, Spec};
use engine::phase::Phase;
use engine::ports::{AgentId, Cluster, Event, LogLine, News, PodSeen, PodState};
use engine::{Cause, End, Engine, Error, LogRequest, Outlook, Started, Stopped, WaitCondition};
use futures::StreamExt;
use testkit::{FakeCluster, FakeStore};

#[path = "life/agents.rs"]
mod agents;
#[path = "life/ends.rs"]
mod ends;
#[path = "life/images.rs"]
mod images;
#[path = "life/index.rs"]
mod index;
#[path = "life/limits.rs"]
mod limits;
#[path = "life/logs.rs"]
mod logs;
#[path = "life/outage.rs"]
mod outage;
#[path = "life/owners.rs"]
mod owners;
#[path = "life/removal.rs"]
mod removal;

const NAME: &str =
    "dev-peer0.org1.example.com-kv1-477e9776d271bc0497912643ec86ff0fd50959040ae6cc0b52cd24c6d5917f68";
const PATIENCE: Duration = Duration::from_secs(10);
/// Twice the time for which good news are held back.
const NEWS: Duration = Duration::from_millis(600);

struct Lab {
    engine: Engine,
    cluster: Arc<FakeCluster>,
    store: Arc<FakeStore>,
}

fn lab() -> Lab {
    let (cluster, store) = (Arc::new(FakeCluster::default()), Arc::new(FakeStore::default()));
    let engine = another(&cluster, &store, "one");
    Lab {
        engine,
        cluster,
        store,
    }
}

fn another(cluster: &Arc<FakeCluster>, store: &Arc<FakeStore>, scope: &str) -> Engine {
    let settings = testkit::settings(scope);
    store.add_built(&settings.scope, "kv:1", "base", b"layer");
    Engine::new(settings, cluster.clone(), store.clone())
}

fn spec() -> Spec {
    Spec {
        image: "kv:1".to_owned(),
        cmd: Some(vec!["chaincode".to_owned()]),
        ..Spec::default()
    }
}

impl Lab {
    /// Creates a container and starts it until its program runs.
    async fn running(&self) -> AgentId {
        self.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
        let (started, agent) = tokio::join!(self.engine.start(NAME), self.agent_starts());
        assert_eq!(started.unwrap(), Started::Now);
        agent
    }

    async fn agent_starts(&self) -> AgentId {
        let agent = self.launched().await;
        self.tell(&agent, Agent::Started).await;
        agent
    }

    /// Starts a build container with a source, and returns its agent.
    async fn builds(&self) -> AgentId {
        self.engine.pull("ccenv").await.unwrap();
        let build = Spec {
            image: "ccenv".to_owned(),
            ..spec()
        };
        self.engine.create(Some(NAME.to_owned()), build).await.unwrap();
        let input: &[u8] = &[0; 1024];
        let uploaded = self.engine.upload(NAME, "/chaincode/input", Box::new(input));
        uploaded.await.unwrap();
        let (started, agent) = tokio::join!(self.engine.start(NAME), self.agent_starts());
        started.unwrap();
        agent
    }

    async fn launched(&self) -> AgentId {
        self.cluster.launched().await;
        let record = self.engine.inspect(NAME).await.unwrap();
        AgentId {
            record: record.name,
            uid: record.uid,
            start: record.container.starts,
        }
    }

    async fn tell(&self, agent: &AgentId, event: Agent) {
        self.engine
            .observe(Event::Agent(agent.clone(), event))
            .await
            .unwrap();
    }

    async fn exits(&self, agent: &AgentId, exit_code: i64) {
        self.tell(
            agent,
            Agent::Exited {
                exit_code,
                oom_killed: false,
            },
        )
        .await;
    }

    async fn pod_ends(&self, agent: &AgentId, code: i64) {
        let state = PodState::Ended {
            code,
            end: End::Itself,
        };
        self.pod_is(agent, state).await;
    }

    async fn pod_is(&self, agent: &AgentId, state: PodState) {
        let pod = self.engine.inspect(NAME).await.unwrap().pod_name();
        let agent = agent.clone();
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

    /// Returns all news. Good ones are announced with a delay.
    async fn news(&self) -> Vec<News> {
        tokio::time::sleep(NEWS).await;
        self.cluster.news()
    }

    async fn phase(&self) -> Phase {
        self.engine.inspect(NAME).await.unwrap().container.phase
    }
}

#[tokio::test]
async fn a_container_runs_and_its_exit_is_kept_and_told() {
    let lab = lab();
    let agent = lab.running().await;
    assert_eq!(lab.engine.start(NAME).await.unwrap(), Started::Already);
    let exit = lab.engine.wait(NAME, WaitCondition::NotRunning).await.unwrap();
    lab.exits(&agent, 7).await;
    assert_eq!(tokio::time::timeout(PATIENCE, exit).await.unwrap().code, 7);
    // Another process reads the same from the record alone.
    let record = another(&lab.cluster, &lab.store, "one")
        .inspect(NAME)
        .await
        .unwrap();
    assert_eq!(
        (record.container.phase, record.container.exit.unwrap().code),
        (Phase::Exited, 7)
    );
    assert_eq!(record.container.role, Role::Chaincode);
}

#[tokio::test]
async fn the_first_word_of_an_exit_counts() {
    let lab = lab();
    let agent = lab.running().await;
    lab.exits(&agent, 7).await;
    lab.pod_ends(&agent, 137).await;
    assert_eq!(
        lab.engine
            .inspect(NAME)
            .await
            .unwrap()
            .container
            .exit
            .unwrap()
            .code,
        7
    );
}

#[tokio::test]
async fn a_lost_agent_is_no_exit_but_the_pods_status_is() {
    let lab = lab();
    let agent = lab.running().await;
    drop(lab.engine.commands(&agent).await.unwrap());
    assert_eq!(lab.phase().await, Phase::Running);
    lab.pod_ends(&agent, 137).await;
    assert_eq!(
        lab.engine
            .inspect(NAME)
            .await
            .unwrap()
            .container
            .exit
            .unwrap()
            .code,
        137
    );
}

#[tokio::test]
async fn an_event_of_an_earlier_start_changes_nothing() {
    let lab = lab();
    let first = lab.running().await;
    lab.exits(&first, 1).await;
    let (started, _) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
    started.unwrap();
    lab.exits(&first, 9).await;
    assert_eq!(lab.phase().await, Phase::Running);
}

#[tokio::test]
async fn a_command_that_is_not_there_fails_the_start_with_dockers_words() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let message = "exec: \"chaincode\": executable file not found in $PATH".to_owned();
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        let agent = lab.launched().await;
        let failure = StartFailure::new(FailureKind::NotFound, message.clone());
        lab.tell(&agent, Agent::Failed(failure)).await;
    });
    assert!(matches!(started, Err(Error::CannotExecute(text)) if text.contains(&message)));
    assert_eq!(lab.phase().await, Phase::Created);
    assert!(lab.cluster.pods().is_empty());
}

#[tokio::test]
async fn a_refused_pod_fails_the_start_with_the_api_servers_message() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    lab.cluster.refuse_pods("maximum cpu usage per Container is 1");
    let error = lab.engine.start(NAME).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains(" is refused: maximum cpu usage per Container is 1; set HostConfig.Memory and CpuQuota within the namespace's LimitRange"),
        "{error}"
    );
}

#[tokio::test]
async fn a_removal_ends_a_start_in_progress() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        lab.launched().await;
        lab.engine.remove(NAME, true).await.unwrap();
    });
    assert!(matches!(started, Err(Error::StartEnded(_))), "{started:?}");
    assert!(matches!(
        lab.engine.inspect(NAME).await,
        Err(Error::NoSuchContainer(_))
    ));
    assert!(lab.cluster.pods().is_empty());
}

#[tokio::test]
async fn a_stop_signals_the_agent_and_answers_at_the_exit() {
    let lab = lab();
    let agent = lab.running().await;
    let mut commands = lab.engine.commands(&agent).await.unwrap();
    let (stopped, ()) = tokio::join!(lab.engine.stop(NAME, Duration::ZERO), async {
        assert_eq!(commands.recv().await, Some(Command::Signal { number: 9 }));
        lab.exits(&agent, 137).await;
    });
    assert_eq!(stopped.unwrap(), Stopped::Now);
    assert_eq!(
        lab.engine.stop(NAME, Duration::ZERO).await.unwrap(),
        Stopped::Already
    );
    assert!(matches!(
        lab.engine.kill(NAME, 9).await,
        Err(Error::NotRunning(_))
    ));
}

#[tokio::test]
async fn a_name_is_taken_once_and_scopes_do_not_meet() {
    let lab = lab();
    let id = lab
        .engine
        .create(Some(NAME.to_owned()), spec())
        .await
        .unwrap()
        .container
        .id;
    let error = lab
        .engine
        .create(Some(NAME.to_owned()), spec())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NameInUse { id: owner, .. } if owner == id.0));
    let other = another(&lab.cluster, &lab.store, "two");
    assert!(matches!(
        other.inspect(NAME).await,
        Err(Error::NoSuchContainer(_))
    ));
    assert!(matches!(
        other.inspect(&id.0).await,
        Err(Error::NoSuchContainer(_))
    ));
    other.create(Some(NAME.to_owned()), spec()).await.unwrap();
    assert_eq!(lab.engine.inspect(id.short()).await.unwrap().container.id, id);
}

#[tokio::test]
async fn an_image_that_a_peer_has_built_and_is_lost_is_told_with_the_remedy() {
    let lab = lab();
    let create = async |name: &str| {
        let spec = Spec {
            image: "gone".to_owned(),
            ..spec()
        };
        let created = lab.engine.create(Some(name.to_owned()), spec).await;
        created.unwrap_err().to_string()
    };
    let lost = create(NAME).await;
    assert!(
        lost.starts_with("No such image: gone:latest; ") && lost.ends_with("restart the peer"),
        "{lost}"
    );
    // A name from 1.4, and a name from any other client.
    for name in ["dev-peer0.org1-kv-1.0", "other"] {
        assert_eq!(create(name).await, "No such image: gone:latest");
    }
}

#[tokio::test]
async fn a_pod_without_an_agent_is_made_once_more_within_the_same_start() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let no_agent = async || {
        let agent = lab.launched().await;
        let pod = lab.engine.inspect(NAME).await.unwrap().pod_name();
        let state = PodState::NoAgent("its volume is empty".to_owned());
        let seen = PodSeen {
            agent,
            pod,
            state,
            ending: None,
        };
        lab.engine.observe(Event::Pod(seen)).await.unwrap();
    };
    let (started, agent) = tokio::join!(lab.engine.start(NAME), async {
        no_agent().await;
        lab.agent_starts().await
    });
    assert_eq!((started.unwrap(), agent.start), (Started::Now, 2));
    assert_eq!(lab.cluster.pods().len(), 1);
    lab.exits(&agent, 0).await;
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        no_agent().await;
        no_agent().await;
    });
    let error = started.unwrap_err().to_string();
    assert!(error.contains(": its volume is empty; "), "{error}");
}

#[tokio::test]
async fn a_watch_that_is_behind_takes_nothing_away() {
    let lab = lab();
    let before = lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    lab.engine.remove(NAME, false).await.unwrap();
    let now = lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    lab.engine
        .observe(Event::Record(Box::new(before.clone())))
        .await
        .unwrap();
    lab.engine
        .observe(Event::RecordGone(before.name, before.uid))
        .await
        .unwrap();
    let (started, _) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
    assert_eq!(started.unwrap(), Started::Now);
    assert_eq!(lab.engine.inspect(NAME).await.unwrap().uid, now.uid);
}

#[tokio::test]
async fn an_upload_that_a_start_overtakes_is_refused() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let (client, body) = tokio::io::duplex(1);
    let uploading = lab.engine.upload(NAME, "/etc", Box::new(body));
    let (uploaded, ()) = tokio::join!(uploading, async {
        tokio::task::yield_now().await;
        let (started, _) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
        started.unwrap();
        drop(client);
    });
    assert!(matches!(uploaded, Err(Error::Conflict(_))), "{uploaded:?}");
    assert_eq!(lab.engine.inspect(NAME).await.unwrap().container.uploads, []);
}

#[tokio::test]
async fn a_change_survives_somebody_elses_in_between() {
    let lab = lab();
    let agent = lab.running().await;
    lab.cluster.conflict_next(3);
    lab.exits(&agent, 0).await;
    assert_eq!(lab.phase().await, Phase::Exited);
}

#[tokio::test]
async fn wait_answers_after_the_attached_client_has_everything() {
    let lab = lab();
    let line = |second, text: &'static str| LogLine {
        time: jiff::Timestamp::from_second(second).unwrap(),
        text: text.as_bytes().into(),
    };
    lab.cluster.set_log(vec![line(1, "a\n"), line(2, "b\n")]);
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let mut attached = lab.engine.attach(NAME, true, true).await.unwrap();
    let (started, agent) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
    started.unwrap();
    let mut exit = lab.engine.wait(NAME, WaitCondition::NotRunning).await.unwrap();
    lab.exits(&agent, 0).await;
    lab.pod_ends(&agent, 0).await;
    let held = tokio::time::timeout(Duration::from_millis(50), &mut exit).await;
    assert!(held.is_err(), "wait answered while a client is attached");
    assert_eq!(attached.next().await.unwrap().text, "a\n");
    assert_eq!(attached.next().await.unwrap().text, "b\n");
    assert_eq!(attached.next().await, None);
    drop(attached);
    assert_eq!(tokio::time::timeout(PATIENCE, exit).await.unwrap().code, 0);
}

#[tokio::test]
async fn what_was_made_so_goes_when_it_has_ended() {
    let lab = lab();
    let spec = Spec {
        auto_remove: true,
        ..spec()
    };
    lab.engine.create(Some(NAME.to_owned()), spec).await.unwrap();
    let (_, agent) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
    let running = lab.engine.inspect(NAME).await.unwrap();
    lab.engine
        .observe(Event::Record(Box::new(running)))
        .await
        .unwrap();
    assert_eq!(lab.phase().await, Phase::Running);
    let gone = lab.engine.wait(NAME, WaitCondition::Removed).await.unwrap();
    lab.exits(&agent, 7).await;
    let ended = lab.engine.inspect(NAME).await.unwrap();
    lab.engine.observe(Event::Record(Box::new(ended))).await.unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, gone).await.unwrap().code, 7);
    assert!(lab.cluster.pods().is_empty());
}

/// Returns a chaincode container as a peer requests it.
fn chaincode(peer_address: &str) -> Spec {
    Spec {
        cmd: Some(vec![
            "chaincode".to_owned(),
            format!("-peer.address={peer_address}"),
        ]),
        ..spec()
    }
}

#[tokio::test]
async fn chaincode_that_dies_at_once_fails_its_start_with_its_last_words() {
    let lab = lab();
    let line = |text: &'static str| LogLine {
        time: jiff::Timestamp::UNIX_EPOCH,
        text: text.into(),
    };
    lab.cluster
        .set_log(vec![line("starting\n"), line("config missing: DB_URL\n")]);
    lab.engine
        .create(Some(NAME.to_owned()), chaincode("peer0:7052"))
        .await
        .unwrap();
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        let agent = lab.agent_starts().await;
        lab.exits(&agent, 3).await;
        lab.pod_ends(&agent, 3).await;
    });
    let error = started.unwrap_err().to_string();
    assert!(
        error.starts_with(
            "chaincode kv1 of peer0.org1.example.com exited with code 3 right after its start in pod "
        ) && error
            .contains("; its last lines: starting\nconfig missing: DB_URL; install a corrected version"),
        "{error}"
    );
    assert_eq!(lab.phase().await, Phase::Exited);
    let told: Vec<_> = lab.news().await.iter().map(|news| news.reason.clone()).collect();
    assert_eq!(told, ["Started", "Exited", "DiedAtOnce"]);
}

/// This happens if somebody deletes a Pod, or its node evicts it.
#[tokio::test]
async fn the_last_lines_outlive_their_pod_until_the_next_start() {
    let lab = lab();
    lab.cluster.set_log(vec![LogLine {
        time: jiff::Timestamp::UNIX_EPOCH,
        text: "the last line\n".into(),
    }]);
    let agent = lab.running().await;
    lab.exits(&agent, 143).await;
    let kept = || async { lab.engine.inspect(NAME).await.unwrap().container.last_lines };
    tokio::time::timeout(PATIENCE, async {
        while kept().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    let pod = lab.engine.inspect(NAME).await.unwrap().pod_name();
    lab.cluster.delete_pod(&pod, Duration::ZERO).await.unwrap();
    lab.cluster.set_log(Vec::new());
    let lines = lab.engine.logs(NAME, LogRequest::default()).await.unwrap();
    let texts: Vec<_> = lines.map(|line| line.text).collect().await;
    assert_eq!(texts, ["the last line\n"]);
    let (started, _) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
    assert_eq!(started.unwrap(), Started::Now);
    assert_eq!(kept().await, []);
}

#[tokio::test]
async fn chaincode_that_lives_is_started_after_a_while_and_a_stop_ends_that() {
    let lab = lab();
    let spec = chaincode("peer0:7052");
    lab.engine
        .create(Some(NAME.to_owned()), spec.clone())
        .await
        .unwrap();
    let begun = tokio::time::Instant::now();
    let (started, agent) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
    assert_eq!(started.unwrap(), Started::Now);
    assert!(begun.elapsed() >= testkit::ALIVE);
    lab.exits(&agent, 0).await;
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        let agent = lab.agent_starts().await;
        let mut commands = lab.engine.commands(&agent).await.unwrap();
        let (stopped, ()) = tokio::join!(lab.engine.stop(NAME, PATIENCE), async {
            commands.recv().await.unwrap();
            lab.exits(&agent, 143).await;
        });
        assert_eq!(stopped.unwrap(), Stopped::Now);
    });
    assert!(matches!(started, Err(Error::StartEnded(_))), "{started:?}");
}

#[tokio::test]
async fn a_peers_address_that_means_the_pod_makes_no_pod() {
    let lab = lab();
    lab.engine
        .create(Some(NAME.to_owned()), chaincode("127.0.0.1:7052"))
        .await
        .unwrap();
    let error = lab.engine.start(NAME).await.unwrap_err();
    assert!(
        error.to_string().contains("CORE_PEER_CHAINCODEADDRESS"),
        "{error}"
    );
    assert!(lab.cluster.pods().is_empty());
    assert_eq!(lab.phase().await, Phase::Created);
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_given_its_time_and_what_will_not_is_told_at_once() {
    let unpullable = |tried_again| Cause::Image {
        image: "base".to_owned(),
        message: "not found".to_owned(),
        tried_again,
    };
    let unmade = |outlook| Cause::Container {
        message: "no secret".to_owned(),
        outlook,
    };
    let limits = engine::StartLimits::default();
    for (causes, expected) in [
        (
            vec![Cause::Unschedulable("no nodes".to_owned())],
            limits.unschedulable,
        ),
        (vec![unpullable(true)], limits.unpullable),
        (vec![unpullable(true), unpullable(false)], Duration::ZERO),
        (vec![unmade(Outlook::Good)], limits.busy),
        (vec![unmade(Outlook::Poor)], limits.unmade),
        (vec![unmade(Outlook::Good), unmade(Outlook::Poor)], limits.unmade),
        (vec![unmade(Outlook::None)], Duration::ZERO),
    ] {
        let lab = lab();
        lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
        let begun = tokio::time::Instant::now();
        let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
            let agent = lab.launched().await;
            for cause in &causes {
                lab.pod_is(&agent, PodState::Stuck(cause.clone())).await;
            }
        });
        assert!(matches!(started, Err(Error::StartFailed(_))), "{started:?}");
        let took = begun.elapsed();
        assert!(
            took >= expected && took < expected + Duration::from_secs(1),
            "{causes:?}: {took:?}"
        );
        assert_eq!(lab.cluster.pods(), [""; 0], "{causes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_forgotten() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        let agent = lab.launched().await;
        let cause = Cause::Unschedulable("no nodes".to_owned());
        lab.pod_is(&agent, PodState::Stuck(cause)).await;
        tokio::time::sleep(Duration::from_secs(50)).await;
        lab.pod_is(&agent, PodState::Pending).await;
        tokio::time::sleep(Duration::from_secs(50)).await;
        lab.tell(&agent, Agent::Started).await;
    });
    assert_eq!(started.unwrap(), Started::Now);
}

#[tokio::test]
async fn what_needs_no_agent_runs_and_ends_by_the_kubelets_word() {
    let lab = lab();
    lab.engine.pull("ccenv").await.unwrap();
    let version = Spec {
        image: "ccenv".to_owned(),
        cmd: Some(vec!["go".to_owned(), "version".to_owned()]),
        ..Spec::default()
    };
    for states in [&[PodState::Running][..], &[]] {
        lab.engine
            .create(Some(NAME.to_owned()), version.clone())
            .await
            .unwrap();
        let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
            let agent = lab.launched().await;
            for state in states {
                lab.pod_is(&agent, state.clone()).await;
            }
            lab.pod_ends(&agent, 7).await;
        });
        assert_eq!(started.unwrap(), Started::Now);
        let exit = lab.engine.wait(NAME, WaitCondition::NotRunning).await.unwrap();
        assert_eq!(exit.await.code, 7);
        lab.engine.remove(NAME, false).await.unwrap();
    }
}
