//! The API server goes away during a call: the call is answered all the same, and what happened is recorded
//! later.

use engine::ports::ClusterError;

use super::*;

/// The time for one step of a call.
const STEP: Duration = Duration::from_secs(60);
/// The time in which a peer gives up a start.
const PEERS_LIMIT: Duration = Duration::from_secs(290);

fn is_away(error: &Error) -> bool {
    let Error::Of { error, .. } = error else {
        return false;
    };
    matches!(**error, Error::Cluster(ClusterError::Unavailable(_)))
}

#[tokio::test(start_paused = true)]
async fn a_stop_a_kill_and_a_removal_are_answered_and_done_later() {
    for call in ["stop", "kill", "remove"] {
        let lab = lab();
        lab.running().await;
        let begun = tokio::time::Instant::now();
        let ending = async {
            match call {
                "stop" => lab.engine.stop(NAME, Duration::ZERO).await.map(drop),
                "kill" => lab.engine.kill(NAME, 9).await,
                _ => lab.engine.remove(NAME, true).await,
            }
        };
        let (ended, ()) = tokio::join!(tokio::time::timeout(2 * STEP, ending), async {
            // The Pod has been deleted by then.
            tokio::time::sleep(Duration::from_secs(1)).await;
            lab.cluster.fail(ClusterError::Unavailable);
        });
        let error = ended.expect(call).unwrap_err();
        assert!(is_away(&error), "{call}: {error}");
        assert!(begun.elapsed() >= STEP, "{call}: {:?}", begun.elapsed());
        lab.cluster.recover();
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(lab.phase().await, Phase::Exited, "{call}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_ended_is_not_said_to_have_ended() {
    let lab = lab();
    lab.running().await;
    lab.cluster.fail(ClusterError::Unavailable);
    let error = lab.engine.stop(NAME, Duration::ZERO).await.unwrap_err();
    assert!(is_away(&error), "{error}");
    lab.cluster.recover();
    tokio::time::sleep(PATIENCE).await;
    assert_eq!(lab.phase().await, Phase::Running);
}

#[tokio::test(start_paused = true)]
async fn a_start_is_answered_before_its_peer_gives_up() {
    for fails_at_once in [true, false] {
        let lab = lab();
        lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
        // The first attempt to make the Pod is repeated.
        lab.cluster.fill_quota(u32::from(fails_at_once));
        let begun = tokio::time::Instant::now();
        let starting = tokio::time::timeout(PEERS_LIMIT, lab.engine.start(NAME));
        let (started, ()) = tokio::join!(starting, async {
            if !fails_at_once {
                lab.launched().await;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            lab.cluster.fail(ClusterError::Unavailable);
        });
        let error = started.expect("it is answered").unwrap_err();
        assert!(is_away(&error), "{error}");
        if fails_at_once {
            assert!(begun.elapsed() < 2 * STEP, "{:?}", begun.elapsed());
        }
        lab.cluster.recover();
        tokio::time::sleep(PATIENCE).await;
        assert_eq!(lab.phase().await, Phase::Created);
    }
}
