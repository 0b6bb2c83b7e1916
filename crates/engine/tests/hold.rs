//! A process dies without notice and another one takes its place. Containers that it waited for are removed
//! after a while, and all others stay.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use agent_protocol::Event as Agent;
use engine::container::Spec;
use engine::name::{PodName, Scope};
use engine::phase::Phase;
use engine::ports::{AgentId, Cluster, Event};
use engine::{Engine, Error, WaitCondition};
use testkit::{FakeCluster, FakeStore};

const NAME: &str = "some-container";
/// Longer than the limits for a wait to return and for a program's end to be reported.
const LONG: Duration = Duration::from_secs(35);
/// Shorter than the limit for a wait to return.
const SHORT: Duration = Duration::from_secs(29);
const BUILDS: &str = "ccenv";
const SERVES: &str = "kv:1";

/// The state that outlives processes.
#[derive(Default)]
struct World {
    cluster: Arc<FakeCluster>,
    store: Arc<FakeStore>,
}

impl World {
    /// Starts another process. Its watch lists the records.
    async fn process(&self) -> Engine {
        let settings = testkit::settings(&scope().0);
        self.store.add_built(&settings.scope, SERVES, "base", b"layer");
        let engine = Engine::new(settings, self.cluster.clone(), self.store.clone());
        engine.pull(BUILDS).await.unwrap();
        self.tell_records(&engine).await;
        engine.sweep_all().await;
        engine
    }

    async fn tell_records(&self, engine: &Engine) {
        for record in self.cluster.records(&scope()).await.unwrap() {
            engine.observe(Event::Record(Box::new(record))).await.unwrap();
        }
    }

    /// Creates a container of that image and starts it until its program runs.
    async fn running(&self, engine: &Engine, image: &str) {
        create(engine, image).await;
        let (started, ()) = tokio::join!(engine.start(NAME), async {
            self.cluster.launched().await;
            say(engine, Agent::Started).await;
        });
        started.unwrap();
    }

    /// Creates a container of that image, and starts another process after the first one died during the start.
    async fn successor_of_a_start(&self, image: &str) -> Engine {
        let first = self.process().await;
        create(&first, image).await;
        let starting = tokio::spawn(async move { first.start(NAME).await });
        self.cluster.launched().await;
        starting.abort();
        self.process().await
    }
}

fn scope() -> Scope {
    Scope("one".to_owned())
}

async fn create(engine: &Engine, image: &str) {
    let spec = Spec {
        image: image.to_owned(),
        cmd: Some(vec!["program".to_owned()]),
        ..Spec::default()
    };
    engine.create(Some(NAME.to_owned()), spec).await.unwrap();
}

async fn say(engine: &Engine, event: Agent) {
    let record = engine.inspect(NAME).await.unwrap();
    let agent = AgentId {
        record: record.name,
        uid: record.uid,
        start: record.container.starts,
    };
    engine.observe(Event::Agent(agent, event)).await.unwrap();
}

async fn is_there(engine: &Engine) -> bool {
    !matches!(engine.inspect(NAME).await, Err(Error::NoSuchContainer(_)))
}

async fn phase(engine: &Engine) -> Phase {
    engine.inspect(NAME).await.unwrap().container.phase
}

const EXITED: Agent = Agent::Exited {
    exit_code: 0,
    oom_killed: false,
};

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_build_that_its_process_waited_for_goes_with_its_blobs() {
    let world = World::default();
    let first = world.process().await;
    let before = world.store.blob_count();
    create(&first, BUILDS).await;
    first
        .upload(NAME, "/chaincode/input", Box::new(&b"source"[..]))
        .await
        .unwrap();
    let (started, ()) = tokio::join!(first.start(NAME), async {
        world.cluster.launched().await;
        say(&first, Agent::Started).await;
    });
    started.unwrap();
    let _wait = first.wait(NAME, WaitCondition::NotRunning).await.unwrap();
    pass(SHORT).await;
    assert_eq!(world.store.blob_count(), before + 1);

    let second = world.process().await;
    pass(SHORT).await;
    assert!(is_there(&second).await);
    pass(LONG - SHORT).await;
    assert!(!is_there(&second).await);
    assert!(world.cluster.pods().is_empty());
    assert_eq!(world.store.blob_count(), before);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_was_cut_off_goes_too() {
    let world = World::default();
    let second = world.successor_of_a_start(BUILDS).await;
    say(&second, Agent::Started).await;
    pass(LONG).await;
    assert!(!is_there(&second).await);
    assert!(world.cluster.pods().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_start_holds_its_container_though_a_wait_is_closed_meanwhile() {
    let world = World::default();
    let first = world.process().await;
    create(&first, BUILDS).await;
    drop(first.wait(NAME, WaitCondition::NextExit).await.unwrap());
    let starting = tokio::spawn(async move { first.start(NAME).await });
    world.cluster.launched().await;
    pass(LONG).await;
    starting.abort();
    let second = world.process().await;
    pass(LONG).await;
    assert!(!is_there(&second).await);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_was_cut_off_can_be_repeated() {
    let world = World::default();
    let second = world.successor_of_a_start(SERVES).await;
    let (started, ()) = tokio::join!(second.start(NAME), async {
        world.cluster.launched().await;
        say(&second, Agent::Started).await;
    });
    started.unwrap();
    assert_eq!(world.cluster.pods().len(), 1);
    pass(LONG).await;
    assert!(is_there(&second).await);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_comes_back_keeps_it() {
    let world = World::default();
    let first = world.process().await;
    world.running(&first, BUILDS).await;
    let _wait = first.wait(NAME, WaitCondition::NotRunning).await.unwrap();
    pass(SHORT).await;
    let second = world.process().await;
    pass(SHORT).await;
    let _again = second.wait(NAME, WaitCondition::NotRunning).await.unwrap();
    pass(10 * LONG).await;
    assert!(is_there(&second).await);
}

#[tokio::test(start_paused = true)]
async fn what_never_had_a_wait_is_left_alone() {
    for image in [BUILDS, SERVES] {
        let world = World::default();
        let first = world.process().await;
        world.running(&first, image).await;
        let second = world.process().await;
        pass(LONG).await;
        assert!(is_there(&second).await, "{image}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_stopped_while_it_starts_is_left_alone() {
    let world = World::default();
    let first = world.process().await;
    create(&first, BUILDS).await;
    let (started, stopped) = tokio::join!(first.start(NAME), async {
        world.cluster.launched().await;
        first.stop(NAME, Duration::ZERO).await
    });
    stopped.unwrap();
    assert!(matches!(started, Err(Error::StartEnded(_))), "{started:?}");
    let second = world.process().await;
    pass(LONG).await;
    assert!(is_there(&second).await);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_any_more_is_left_alone() {
    let world = World::default();
    let first = world.process().await;
    world.running(&first, BUILDS).await;
    drop(first.wait(NAME, WaitCondition::NotRunning).await.unwrap());
    pass(LONG).await;
    let second = world.process().await;
    pass(LONG).await;
    assert!(is_there(&second).await);
}

#[tokio::test(start_paused = true)]
async fn chaincode_goes_only_when_it_runs_no_more() {
    let world = World::default();
    let first = world.process().await;
    world.running(&first, SERVES).await;
    let _wait = first.wait(NAME, WaitCondition::NotRunning).await.unwrap();
    pass(SHORT).await;
    let second = world.process().await;
    pass(10 * LONG).await;
    assert_eq!(
        second.inspect(NAME).await.unwrap().container.phase,
        Phase::Running
    );
    say(
        &second,
        Agent::Exited {
            exit_code: 1,
            oom_killed: false,
        },
    )
    .await;
    pass(SHORT).await;
    assert!(is_there(&second).await);
    pass(LONG - SHORT).await;
    assert!(!is_there(&second).await);
}

/// Runs a process until it dies. All its tasks end with it.
fn process(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(work);
}

#[test]
fn an_end_is_told_once_though_the_process_dies_before_it_has_told_it() {
    for dies in [true, false] {
        let world = World::default();
        process(async {
            let first = world.process().await;
            world.running(&first, BUILDS).await;
            let exited = Agent::Exited {
                exit_code: 0,
                oom_killed: false,
            };
            say(&first, exited).await;
            if !dies {
                pass(LONG).await;
            }
        });
        for _ in 0..2 {
            process(async {
                world.process().await;
                pass(LONG).await;
            });
        }
        let news = world.cluster.news().into_iter();
        assert_eq!(news.filter(|news| news.reason == "Exited").count(), 1, "{dies}");
    }
}

async fn pod_of(engine: &Engine) -> PodName {
    engine.inspect(NAME).await.unwrap().pod_name()
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_vanishes_between_two_processes_has_ended_and_says_so() {
    for image in [BUILDS, SERVES] {
        let world = World::default();
        let first = world.process().await;
        world.running(&first, image).await;
        world.cluster.lose_pod(&pod_of(&first).await);
        let second = world.process().await;
        let exit = second.wait(NAME, WaitCondition::NotRunning).await.unwrap();
        second.end_vanished().await;
        let exit = tokio::time::timeout(SHORT, exit).await.unwrap();
        assert_eq!(exit.code, 137, "{image}");
        let expected = ": it disappeared while chainpod was not watching; ";
        assert!(exit.error.contains(expected), "{}", exit.error);
        pass(LONG).await;
        let news = world.cluster.news().into_iter();
        let warnings: Vec<_> = news.filter(|news| news.is_warning).collect();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!(warnings[0].reason, "PodVanished");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_there_or_is_just_being_made_has_not_vanished() {
    let world = World::default();
    let first = world.process().await;
    world.running(&first, SERVES).await;
    let second = world.process().await;
    second.end_vanished().await;
    assert_eq!(phase(&second).await, Phase::Running);

    world.cluster.lose_pod(&pod_of(&second).await);
    say(&second, EXITED).await;
    let (started, ()) = tokio::join!(second.start(NAME), async {
        world.cluster.launched().await;
        world.cluster.lose_pod(&pod_of(&second).await);
        second.end_vanished().await;
        say(&second, Agent::Started).await;
    });
    started.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_start_whose_process_died_before_it_made_the_pod_has_failed() {
    let world = World::default();
    let second = world.successor_of_a_start(SERVES).await;
    world.cluster.lose_pod(&pod_of(&second).await);
    second.end_vanished().await;
    let container = second.inspect(NAME).await.unwrap().container;
    assert_eq!(container.phase, Phase::Created);
    let error = container.exit.unwrap().error;
    assert!(
        error.contains("before the program began: it disappeared "),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_what_has_no_pod_is_answered_at_once() {
    let world = World::default();
    let first = world.process().await;
    world.running(&first, SERVES).await;
    let second = world.process().await;
    world.cluster.lose_pod(&pod_of(&second).await);
    let begun = tokio::time::Instant::now();
    second.stop(NAME, Duration::ZERO).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let error = second.inspect(NAME).await.unwrap().container.exit.unwrap().error;
    assert!(error.contains(": it disappeared while "), "{error}");
}
