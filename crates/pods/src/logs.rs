//! A Pod's log as timed lines of bytes: a chaincode may print any bytes, and may never write a line feed.

use std::io;

use engine::name::PodName;
use engine::ports::{ClusterError, LogLine};
use futures::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};
use futures::stream::{BoxStream, StreamExt, try_unfold};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;

use crate::own_containers::program_name;
use crate::retry::{once, tried};

/// A log's lines.
type Lines = BoxStream<'static, Result<LogLine, ClusterError>>;

/// Opens the log. Returns `Unavailable` if the kubelet does not know yet that the container has started, and
/// `Refused` if chainpod may not read logs. The caller tries again when the watch reports the start.
pub(crate) async fn open(
    api: Api<Pod>,
    name: &PodName,
    (since, tail): (Option<Timestamp>, Option<usize>),
    follow: bool,
) -> Result<Lines, ClusterError> {
    let object = format!("log of pod {name}");
    // The name does not show which container is ours, and others may be injected next to it.
    let pod = tried(&object, || api.get(&name.0)).await.result?;
    let params = LogParams {
        container: program_name(&pod).map(str::to_owned),
        follow,
        timestamps: true,
        since_time: since,
        tail_lines: tail.map(|tail| i64::try_from(tail).unwrap_or(i64::MAX)),
        ..LogParams::default()
    };
    let opened = async {
        match api.log_stream(&name.0, &params).await {
            // The answer "container X in pod Y is waiting to start" is the only bad request that can happen
            // here. With the others, the API server is not ready.
            Err(kube::Error::Api(status)) if matches!(status.code, 400 | 401 | 408 | 410) => {
                Ok(Err(status.message))
            }
            opened => opened.map(Ok),
        }
    };
    match once(&object, opened).await? {
        Ok(reader) => Ok(lines(object, reader)),
        Err(waiting) => Err(ClusterError::Unavailable(waiting)),
    }
}

/// Returns the next line of a log, or a piece of a line. It is empty at the log's end.
///
/// # Errors
/// Returns the reader's error. The bytes of the piece that were read so far are lost.
pub(crate) async fn next_piece(reader: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    let mut reader = reader.take(LogLine::MOST_BYTES as u64);
    reader.read_until(b'\n', &mut piece).await?;
    Ok(piece)
}

/// Returns the lines of an open log. A line without a time (the kubelet writes such lines itself) gets the
/// time of the line before. If the first line has no time, it gets the earliest time, because it is the rest
/// of a line older than the requested time.
fn lines(object: String, reader: impl AsyncBufRead + Send + 'static) -> Lines {
    let begun = (Box::pin(reader), Timestamp::UNIX_EPOCH, true);
    try_unfold(begun, move |(mut reader, last, begins)| {
        let object = object.clone();
        async move {
            let piece = next_piece(&mut reader).await;
            let piece = piece.map_err(|error| ClusterError::Unavailable(format!("{object}: {error}")))?;
            if piece.is_empty() {
                return Ok(None);
            }
            let line = if begins {
                parsed(piece, last)
            } else {
                untimed(piece, last)
            };
            let (time, ends) = (line.time, line.is_end());
            Ok(Some((line, (reader, time, ends))))
        }
    })
    .boxed()
}

/// Parses `TIMESTAMP TEXT`, the form in which the kubelet writes a line.
fn parsed(line: Vec<u8>, last: Timestamp) -> LogLine {
    let split = line.iter().position(|byte| *byte == b' ');
    let time = split.and_then(|end| std::str::from_utf8(&line[..end]).ok()?.parse().ok());
    match (time, split) {
        (Some(time), Some(end)) => LogLine {
            time,
            text: bytes::Bytes::from(line).slice(end + 1..),
        },
        _ => untimed(line, last),
    }
}

fn untimed(text: Vec<u8>, time: Timestamp) -> LogLine {
    LogLine {
        time,
        text: text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    #[tokio::test]
    async fn a_log_is_cut_into_timed_lines_and_stays_bytes() {
        let log: &[u8] = b"2026-11-01T10:00:00.123456789Z one  two\n2026-11-01T10:00:01Z \n\
            unable to retrieve container logs\n2026-11-01T10:00:02Z \xff half";
        let lines: Vec<_> = lines("log".to_owned(), log).try_collect().await.unwrap();
        let expected: [(&str, &[u8]); 4] = [
            ("2026-11-01T10:00:00.123456789Z", b"one  two\n"),
            ("2026-11-01T10:00:01Z", b"\n"),
            ("2026-11-01T10:00:01Z", b"unable to retrieve container logs\n"),
            ("2026-11-01T10:00:02Z", b"\xff half"),
        ];
        let expected = expected.map(|(time, text)| LogLine {
            time: time.parse().unwrap(),
            text: text.into(),
        });
        assert_eq!(lines, expected);
    }

    #[tokio::test]
    async fn a_line_without_an_end_comes_in_pieces_of_its_time() {
        const LENGTH: usize = 1 << 20;
        let begun = b"2026-11-01T10:00:00Z ".as_slice();
        // In the middle of a line, a text that looks like a time is the program's.
        let text = b"2026-11-01T10:00:01Z ".repeat(LENGTH / 21);
        let next = b"\n2026-11-01T10:00:02Z next\n";
        let log = futures::io::Cursor::new([begun, &text, next].concat());
        let mut lines: Vec<_> = lines("log".to_owned(), log).try_collect().await.unwrap();
        let last = lines.pop().unwrap();
        assert_eq!(
            (last.time, &last.text[..]),
            ("2026-11-01T10:00:02Z".parse().unwrap(), &b"next\n"[..])
        );
        for line in &lines {
            assert!(line.text.len() <= LogLine::MOST_BYTES, "{}", line.text.len());
            assert_eq!(line.time, "2026-11-01T10:00:00Z".parse().unwrap());
        }
        let joined: Vec<_> = lines.into_iter().flat_map(|line| line.text).collect();
        assert!(joined == [&text[..], b"\n"].concat(), "{} bytes", joined.len());
    }
}
