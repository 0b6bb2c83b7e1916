//! Causes that end a program from outside, and causes that delay its start.

use std::borrow::Cow;

use super::*;

const DELETED: &str = "; the next transaction launches it again; find out who deletes chainpod's pods";

impl Lab {
    /// Reports that the Pod is about to end for that cause while its program still runs.
    async fn pod_is_ending(&self, agent: &AgentId, end: End) {
        let seen = PodSeen {
            agent: agent.clone(),
            pod: self.engine.inspect(NAME).await.unwrap().pod_name(),
            state: PodState::Running,
            ending: Some(end),
        };
        self.engine.observe(Event::Pod(seen)).await.unwrap();
    }

    async fn error(&self) -> String {
        let exit = self.engine.inspect(NAME).await.unwrap().container.exit;
        exit.unwrap().error
    }

    /// Returns the reasons of the news that are warnings.
    async fn warnings(&self) -> Vec<Cow<'static, str>> {
        let news = self.news().await.into_iter();
        news.filter(|news| news.is_warning)
            .map(|news| news.reason)
            .collect()
    }
}

#[tokio::test]
async fn who_ended_a_program_is_kept_and_told_whoever_is_heard_first() {
    for agent_is_first in [false, true] {
        let lab = lab();
        let agent = lab.running().await;
        if agent_is_first {
            lab.exits(&agent, 143).await;
        }
        lab.pod_is_ending(&agent, End::Deleted).await;
        lab.exits(&agent, 143).await;
        let error = lab.error().await;
        assert!(
            error.contains(" exited with code 143 in pod ") && error.ends_with(DELETED),
            "{error}"
        );
        assert_eq!(lab.warnings().await.last(), Some(&Cow::from("PodDeleted")));
    }
}

#[tokio::test]
async fn a_pod_that_chainpod_deletes_itself_was_deleted_by_nobody() {
    let lab = lab();
    let agent = lab.running().await;
    let (stopped, ()) = tokio::join!(lab.engine.stop(NAME, Duration::ZERO), async {
        lab.pod_is_ending(&agent, End::Deleted).await;
        lab.pod_ends(&agent, 137).await;
    });
    stopped.unwrap();
    assert_eq!(lab.error().await, "");
    assert_eq!(lab.warnings().await, [""; 0]);
}

#[tokio::test]
async fn what_ended_by_itself_stays_so_when_its_pod_is_deleted_afterwards() {
    let lab = lab();
    let agent = lab.running().await;
    lab.exits(&agent, 7).await;
    lab.pod_is_ending(&agent, End::Deleted).await;
    assert_eq!(lab.error().await, "");
    assert_eq!(lab.warnings().await, ["Exited"]);
}

#[tokio::test]
async fn a_kill_for_memory_says_so_and_what_to_set() {
    let lab = lab();
    let agent = lab.running().await;
    let exited = Agent::Exited {
        exit_code: 137,
        oom_killed: true,
    };
    lab.tell(&agent, exited).await;
    let error = lab.error().await;
    assert!(error.contains("set resources.requests.memory"), "{error}");
    assert_eq!(lab.warnings().await, ["OOMKilled"]);
}

#[tokio::test]
async fn a_pod_that_goes_without_a_word_takes_its_last_reason_along() {
    let lab = lab();
    let agent = lab.running().await;
    let gone = PodSeen {
        agent,
        pod: lab.engine.inspect(NAME).await.unwrap().pod_name(),
        state: PodState::Running,
        ending: Some(End::NodeLost("node no longer exists".to_owned())),
    };
    lab.engine.observe(Event::PodGone(gone)).await.unwrap();
    let error = lab.error().await;
    assert!(
        error.contains("its node is gone: node no longer exists; "),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_is_full_is_given_time_to_pass() {
    for (tries, passes) in [(5, true), (100, false)] {
        let lab = lab();
        lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
        lab.cluster.fill_quota(tries);
        let starting = lab.engine.start(NAME);
        if passes {
            let (started, _) = tokio::join!(starting, lab.agent_starts());
            assert_eq!(started.unwrap(), Started::Now);
        } else {
            let error = starting.await.unwrap_err().to_string();
            assert!(error.contains("exceeded quota: pods; raise the "), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_whose_node_does_not_get_on_is_given_up_in_less_than_30_s() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let message = "FailedMount: secret \"s\" not found".to_owned();
    lab.cluster.block_pods(Cause::Blocked(message));
    let begun = tokio::time::Instant::now();
    let error = lab.engine.start(NAME).await.unwrap_err().to_string();
    assert!(
        error.contains(" cannot run: its node has not started pod ")
            && error.contains(": FailedMount: secret"),
        "{error}"
    );
    let took = begun.elapsed();
    let limit = engine::StartLimits::default().blocked;
    assert!(took >= limit && took < Duration::from_secs(30), "{took:?}");
}

/// The kind counts. An agent that sends none says it by the exit code.
#[tokio::test]
async fn an_agent_whose_files_did_not_come_says_so_by_a_kind_or_by_the_exit_code() {
    for failed in [
        r#"{"event":"failed","kind":"files","message":"No such image: kv","exitCode":1}"#,
        r#"{"event":"failed","message":"No such image: kv","exitCode":125}"#,
    ] {
        let lab = lab();
        lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
        let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
            let agent = lab.launched().await;
            lab.tell(&agent, serde_json::from_str(failed).unwrap()).await;
        });
        let error = started.unwrap_err().to_string();
        assert!(error.contains("its files cannot be copied into pod "), "{error}");
        assert_eq!(lab.warnings().await, ["FilesMissing"]);
    }
}

/// The agent was refused by the server that it reached, and its last output says why.
#[tokio::test]
async fn an_agent_that_cannot_tell_us_why_it_ends_is_heard_by_the_kubelets_word() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        let agent = lab.launched().await;
        let end = End::PodFailed("this token is not valid for this container".to_owned());
        lab.pod_is(&agent, PodState::Ended { code: 125, end }).await;
    });
    let error = started.unwrap_err().to_string();
    assert!(
        error.contains("its files cannot be copied into pod ")
            && error.contains("this token is not valid for this container"),
        "{error}"
    );
    assert_eq!(lab.warnings().await, ["FilesMissing"]);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_does_not_reach_chainpod_fails_its_start_in_less_than_30_s() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let words = "cannot fetch files for /usr/local/bin: invalid peer certificate: UnknownIssuer";
    lab.cluster.block_pods(Cause::AgentWaits(words.to_owned()));
    let begun = tokio::time::Instant::now();
    let error = lab.engine.start(NAME).await.unwrap_err().to_string();
    assert!(
        error.contains("waits for chainpod: cannot fetch files for /usr/local/bin: invalid peer certificate: UnknownIssuer; ")
            && error.contains("agent-address"),
        "{error}"
    );
    assert_eq!(lab.warnings().await, ["FilesMissing"]);
    let took = begun.elapsed();
    let limit = engine::StartLimits::default().unanswered;
    assert!(took >= limit && took < Duration::from_secs(30), "{took:?}");
}

/// chainpod was away for a while from the agents' view, or they from chainpod's.
#[tokio::test(start_paused = true)]
async fn an_agent_that_is_heard_again_goes_on() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let words = "cannot fetch files for /usr/local/bin: connection refused";
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        let agent = lab.launched().await;
        for _ in 0..3 {
            lab.cluster.block_pods(Cause::AgentWaits(words.to_owned()));
            tokio::time::sleep(Duration::from_secs(11)).await;
            lab.cluster.unblock_pods();
            tokio::time::sleep(Duration::from_secs(11)).await;
        }
        lab.tell(&agent, Agent::Started).await;
    });
    assert_eq!(started.unwrap(), Started::Now);
}

#[tokio::test]
async fn outputs_that_the_store_cannot_keep_are_told_to_whoever_asks_for_them() {
    let lab = lab();
    let agent = lab.builds().await;
    lab.store.fill();
    lab.engine
        .output(&agent, 0, Box::new(&[0; 1024][..]))
        .await
        .unwrap_err();
    lab.exits(&agent, 0).await;
    let error = lab
        .engine
        .download(NAME, "/chaincode/output/.")
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.starts_with("Could not find the file /chaincode/output/. in container ")
            && error.contains(": its outputs are lost: the image store failed: no space; "),
        "{error}"
    );
    assert_eq!(lab.warnings().await, ["OutputsLost"]);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_nobody_sees_is_told_though_a_client_has_asked_for_it() {
    let lab = lab();
    lab.running().await;
    lab.engine.stop(NAME, Duration::ZERO).await.unwrap();
    let error = lab.error().await;
    assert!(
        error.contains(": it was killed, and its end was not reported in time; "),
        "{error}"
    );
    assert_eq!(lab.warnings().await, ["EndUnseen"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_comes_too_late_leaves_the_next_start_alone() {
    let lab = lab();
    lab.running().await;
    let (stopped, ()) = tokio::join!(lab.engine.stop(NAME, Duration::ZERO), async {
        // Another process saw the end and started the container again. This one learns of both at once.
        let mut record = lab.engine.inspect(NAME).await.unwrap();
        record.container.starts += 1;
        let record = lab.cluster.update_record(&record).await.unwrap();
        lab.engine.observe(Event::Record(Box::new(record))).await.unwrap();
    });
    stopped.unwrap();
    assert_eq!(lab.phase().await, Phase::Running);
}

/// The report of an agent that had to end before its program began.
const CANCELLED: Agent = Agent::Failed(StartFailure {
    kind: FailureKind::Signalled,
    message: String::new(),
    exit_code: 143,
});

#[tokio::test]
async fn an_eviction_during_a_start_is_told_as_one_whoever_is_heard_first() {
    let evicted = || End::Evicted("the node is drained".to_owned());
    for agent_is_first in [false, true] {
        let lab = lab();
        lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
        let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
            let agent = lab.launched().await;
            if agent_is_first {
                lab.tell(&agent, CANCELLED).await;
            } else {
                lab.pod_is_ending(&agent, evicted()).await;
                lab.tell(&agent, CANCELLED).await;
            }
            let state = PodState::Ended {
                code: 143,
                end: evicted(),
            };
            lab.pod_is(&agent, state).await;
        });
        let error = started.unwrap_err().to_string();
        let expected =
            " exited with code 143 before the program began: it was evicted: the node is drained; ";
        assert!(error.contains(expected), "{error}");
        assert_eq!(lab.warnings().await, ["PodEnded"]);
    }
}

#[tokio::test]
async fn a_start_that_a_client_ends_by_its_agent_was_not_a_missing_program() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        let agent = lab.launched().await;
        let mut commands = lab.engine.commands(&agent).await.unwrap();
        let (stopped, ()) = tokio::join!(lab.engine.stop(NAME, PATIENCE), async {
            commands.recv().await.unwrap();
            lab.tell(&agent, CANCELLED).await;
        });
        stopped.unwrap();
    });
    assert!(matches!(started, Err(Error::StartEnded(_))), "{started:?}");
    assert_eq!(lab.warnings().await, [""; 0]);
    assert_eq!(lab.error().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_goes_on_after_its_programs_end_is_ended() {
    for ends_by_itself in [true, false] {
        let lab = lab();
        let agent = lab.running().await;
        lab.exits(&agent, 137).await;
        if ends_by_itself {
            tokio::time::sleep(Duration::from_secs(5)).await;
            lab.pod_ends(&agent, 137).await;
        } else {
            // The log is held to be complete by then. The Pod is not.
            let attached = lab.engine.attach(NAME, true, true).await.unwrap();
            attached.collect::<Vec<_>>().await;
        }
        tokio::time::sleep(Duration::from_secs(11)).await;
        lab.pod_is_ending(&agent, End::Deleted).await;
        assert_eq!(lab.error().await.is_empty(), !ends_by_itself);
        // The log of a Pod that has ended can be read.
        assert_eq!(lab.cluster.pods().len(), usize::from(ends_by_itself));
    }
}
