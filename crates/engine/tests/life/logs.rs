//! Logs: the requests to the cluster, and the memory for a program that writes without end.

use engine::ports::ClusterError;
use jiff::Timestamp;

use super::*;

/// Bytes of a log that may wait for a client that does not read.
const HELD_BYTES: usize = 512 * 1024;
/// Bytes that an error may have, with the program's last lines and the text around them.
const ERROR_BYTES: usize = 5 * 1024;

/// Longer than a complete log may be quiet.
const SLOW: Duration = Duration::from_millis(300);

fn line(second: i64, text: impl Into<Vec<u8>>) -> LogLine {
    LogLine {
        time: Timestamp::from_second(second).unwrap(),
        text: text.into().into(),
    }
}

impl Lab {
    /// Returns all of the log, without following it.
    async fn log(&self, tail: Option<usize>) -> String {
        let request = LogRequest {
            tail,
            ..LogRequest::default()
        };
        let lines = self.engine.logs(NAME, request).await.unwrap();
        let texts = lines.map(|line| String::from_utf8(line.text.into()).unwrap());
        let texts = tokio::time::timeout(PATIENCE, texts.collect());
        texts.await.unwrap()
    }
}

#[tokio::test]
async fn a_read_that_is_cut_off_in_a_long_line_goes_on_there() {
    let lab = lab();
    lab.running().await;
    let pieces = ["a\n", "bb", "bbb", "b\n"].map(|text| line(1, text));
    lab.cluster.set_log(pieces.into());
    for lines in 0..=4 {
        lab.cluster.cut_next_log(lines);
        assert_eq!(lab.log(None).await, "a\nbbbbbb\n", "cut after {lines}");
    }
    lab.cluster.cut_next_log(1);
    assert_eq!(lab.log(Some(3)).await, "bb", "its beginning has not been read");
}

#[tokio::test]
async fn a_log_is_not_read_whole_for_its_last_lines() {
    let lab = lab();
    let lines = (0..1000).map(|number| line(number, format!("{number}\n")));
    lab.cluster.set_log(lines.collect());
    let agent = lab.running().await;
    assert_eq!(lab.log(Some(2)).await, "998\n999\n");
    assert_eq!(lab.log(Some(0)).await, "");
    assert_eq!(lab.cluster.log_tails(), [Some(2), Some(1)]);
    lab.exits(&agent, 1).await;
    let kept = tokio::time::timeout(PATIENCE, async {
        loop {
            let lines = lab.engine.inspect(NAME).await.unwrap().container.last_lines;
            if !lines.is_empty() {
                return lines;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(kept.await.unwrap().len(), 20);
    assert_eq!(lab.cluster.log_tails().last(), Some(&Some(20)));
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_little() {
    let lab = lab();
    lab.running().await;
    let piece = vec![b'x'; LogLine::MOST_BYTES];
    lab.cluster
        .set_log((0..1000).map(|_| line(1, piece.clone())).collect());
    let mut lines = lab.engine.logs(NAME, LogRequest::default()).await.unwrap();
    lines.next().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let held = lab.cluster.log_bytes_read();
    assert!(held <= HELD_BYTES, "{held} bytes");
    assert_eq!(lines.count().await, 999);
}

#[tokio::test]
async fn a_slow_client_gets_what_the_kubelet_rotates_away_meanwhile() {
    let lab = lab();
    let agent = lab.running().await;
    let piece = vec![b'x'; LogLine::MOST_BYTES];
    lab.cluster
        .set_log((0..100).map(|_| line(1, piece.clone())).collect());
    let request = LogRequest {
        follow: true,
        ..LogRequest::default()
    };
    let mut lines = lab.engine.logs(NAME, request).await.unwrap();
    lines.next().await.unwrap();
    lab.exits(&agent, 0).await;
    lab.pod_ends(&agent, 0).await;
    // From now on the log that can be opened is the newest file.
    lab.cluster.set_log(vec![line(2, "z\n")]);
    tokio::time::sleep(SLOW).await;
    let rest: Vec<_> = tokio::time::timeout(PATIENCE, lines.collect()).await.unwrap();
    let pieces = rest.iter().take_while(|line| line.text == piece).count();
    assert_eq!((pieces, &rest[pieces..]), (99, &[line(2, "z\n")][..]));
}

#[tokio::test]
async fn last_words_without_an_end_are_cut_to_their_end() {
    let lab = lab();
    let piece = "x".repeat(LogLine::MOST_BYTES);
    lab.cluster.set_log(vec![
        line(1, piece.clone()),
        line(1, piece + "DB_URL is missing\n"),
    ]);
    let created = lab.engine.create(Some(NAME.to_owned()), chaincode("peer0:7052"));
    created.await.unwrap();
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        let agent = lab.agent_starts().await;
        lab.exits(&agent, 3).await;
        lab.pod_ends(&agent, 3).await;
    });
    let error = started.unwrap_err().to_string();
    assert!(error.contains("xxxDB_URL is missing; "), "{error}");
    let exit = lab.engine.inspect(NAME).await.unwrap().container.exit.unwrap();
    let news = lab.news().await.into_iter().map(|news| news.message);
    for sentence in news.chain([error, exit.error]) {
        assert!(sentence.len() <= ERROR_BYTES, "{} bytes", sentence.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_may_not_be_read_has_ended() {
    let lab = lab();
    lab.cluster.fail_logs(ClusterError::Refused);
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let attached = lab.engine.attach(NAME, true, true).await.unwrap();
    let (started, agent) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
    started.unwrap();
    assert_eq!(attached.collect::<Vec<_>>().await, []);
    let exit = lab.engine.wait(NAME, WaitCondition::NotRunning).await.unwrap();
    let ended = tokio::time::Instant::now();
    lab.exits(&agent, 7).await;
    assert_eq!(exit.await.code, 7);
    assert!(ended.elapsed() < Duration::from_secs(1), "{:?}", ended.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_complete_log_of_a_kubelet_that_does_not_answer_has_ended_after_some_tries() {
    let lab = lab();
    let agent = lab.running().await;
    lab.cluster.fail_logs(ClusterError::Unavailable);
    assert_eq!(lab.log(None).await, "");
    let attached = lab.engine.attach(NAME, true, true).await.unwrap();
    let mut lines = attached.collect::<Vec<_>>();
    let open = tokio::time::timeout(PATIENCE, std::pin::pin!(&mut lines)).await;
    assert!(open.is_err(), "it may be read while the program runs");
    lab.exits(&agent, 7).await;
    lab.pod_ends(&agent, 7).await;
    // A wait is held back for 5 s at most.
    assert_eq!(
        tokio::time::timeout(Duration::from_secs(5), lines).await.unwrap(),
        []
    );
}
