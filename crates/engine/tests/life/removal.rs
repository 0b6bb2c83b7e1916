//! Containers that are removed after their end (`docker run --rm`): clients that wait for one are answered
//! first.

use super::*;

/// The delay of a busy API server.
const LATE: Duration = Duration::from_millis(50);

impl Lab {
    /// Reports every change of a record to the engine at once.
    fn watch(&self) {
        let (engine, mut events) = (self.engine.clone(), self.cluster.watch());
        tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                engine.observe(event).await.unwrap();
            }
        });
    }

    /// Creates a container that is removed after its end, attaches to it, waits for its removal and starts
    /// it, as `docker run --rm` does. `program` is what happens to its Pod. Returns the start's answer, all
    /// output, and the exit code.
    async fn run(
        &self,
        spec: Spec,
        program: impl Future<Output = ()>,
    ) -> (Result<Started, Error>, String, i64) {
        self.watch();
        self.cluster.answer_late(LATE);
        let spec = Spec {
            auto_remove: true,
            ..spec
        };
        self.engine.create(Some(NAME.to_owned()), spec).await.unwrap();
        let attached = self.engine.attach(NAME, false, true).await.unwrap();
        let removed = self.engine.wait(NAME, WaitCondition::Removed).await.unwrap();
        let output = async {
            let lines: Vec<_> = attached.map(|line| line.text).collect().await;
            String::from_utf8(lines.concat()).unwrap()
        };
        let all = async { tokio::join!(self.engine.start(NAME), output, removed, program) };
        let (started, output, exit, ()) = tokio::time::timeout(PATIENCE, all).await.unwrap();
        assert!(matches!(
            self.engine.inspect(NAME).await,
            Err(Error::NoSuchContainer(_))
        ));
        (started, output, exit.code)
    }
}

fn hello(cluster: &FakeCluster) {
    cluster.set_log(vec![LogLine {
        time: jiff::Timestamp::UNIX_EPOCH,
        text: "hello\n".into(),
    }]);
}

#[tokio::test(start_paused = true)]
async fn a_short_program_is_started_and_its_output_read_before_it_goes() {
    let lab = lab();
    hello(&lab.cluster);
    let program = async {
        let agent = lab.agent_starts().await;
        lab.exits(&agent, 7).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        lab.pod_ends(&agent, 7).await;
    };
    let (started, output, code) = lab.run(spec(), program).await;
    assert_eq!(
        (started.unwrap(), output.as_str(), code),
        (Started::Now, "hello\n", 7)
    );
}

#[tokio::test(start_paused = true)]
async fn short_chaincode_fails_its_start_with_its_last_words_before_it_goes() {
    let lab = lab();
    hello(&lab.cluster);
    let program = async {
        let agent = lab.agent_starts().await;
        lab.exits(&agent, 0).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        lab.pod_ends(&agent, 0).await;
    };
    let (started, output, code) = lab.run(chaincode("peer0:7052"), program).await;
    let error = started.unwrap_err().to_string();
    assert!(error.contains("; its last lines: hello; "), "{error}");
    assert_eq!((output.as_str(), code), ("hello\n", 0));
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_says_why_before_its_container_goes() {
    let lab = lab();
    lab.cluster.refuse_pods("no");
    let (started, _, _) = lab.run(spec(), async {}).await;
    let error = started.unwrap_err().to_string();
    assert!(error.contains(" is refused: no; "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_short_program_that_nobody_is_attached_to_has_been_started() {
    let lab = lab();
    lab.watch();
    lab.cluster.answer_late(LATE);
    let spec = Spec {
        auto_remove: true,
        ..spec()
    };
    lab.engine.create(Some(NAME.to_owned()), spec).await.unwrap();
    let removed = lab.engine.wait(NAME, WaitCondition::Removed).await.unwrap();
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        let agent = lab.agent_starts().await;
        lab.exits(&agent, 7).await;
    });
    assert_eq!(started.unwrap(), Started::Now);
    assert_eq!(tokio::time::timeout(PATIENCE, removed).await.unwrap().code, 7);
}
