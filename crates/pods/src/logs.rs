//! A Pod's log as timed lines. It is bytes: a chaincode may print anything.

use engine::name::PodName;
use engine::ports::{ClusterError, LogLine};
use futures::AsyncBufRead;
use futures::io::AsyncBufReadExt;
use futures::stream::{BoxStream, StreamExt, try_unfold};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::LogParams;

use crate::pod::own_container;
use crate::retry::{once, tried};

/// A log's lines.
type Lines = BoxStream<'static, Result<LogLine, ClusterError>>;

/// Opens the log. Where the kubelet does not know yet that the container has started, it is
/// `Unavailable`: the caller tries again when the watch says so.
pub(crate) async fn open(
    api: Api<Pod>,
    name: &PodName,
    since: Option<Timestamp>,
    follow: bool,
) -> Result<Lines, ClusterError> {
    let object = format!("log of pod {name}");
    // The name does not tell which container is ours, and others may be injected beside it.
    let pod = tried(&object, || api.get(&name.0)).await.result?;
    let params = LogParams {
        container: own_container(&pod).map(str::to_owned),
        follow,
        timestamps: true,
        since_time: since,
        ..LogParams::default()
    };
    let opened = async {
        match api.log_stream(&name.0, &params).await {
            // "container X in pod Y is waiting to start": the only bad request that we can make.
            Err(kube::Error::Api(status)) if status.code == 400 => Ok(Err(status.message)),
            opened => opened.map(Ok),
        }
    };
    match once(&object, opened).await? {
        Ok(reader) => Ok(lines(object, since, reader)),
        Err(waiting) => Err(ClusterError::Unavailable(waiting)),
    }
}

/// The lines of an open log. What has no time of its own (the kubelet's own words) has the line's before.
fn lines(object: String, since: Option<Timestamp>, reader: impl AsyncBufRead + Send + 'static) -> Lines {
    let first = since.unwrap_or(Timestamp::UNIX_EPOCH);
    try_unfold((Box::pin(reader), first), move |(mut reader, last)| {
        let object = object.clone();
        async move {
            let mut line = Vec::new();
            let read = reader.read_until(b'\n', &mut line).await;
            let read = read.map_err(|error| ClusterError::Unavailable(format!("{object}: {error}")))?;
            if read == 0 {
                return Ok(None);
            }
            let line = parsed(line, last);
            let time = line.time;
            Ok(Some((line, (reader, time))))
        }
    })
    .boxed()
}

/// `TIMESTAMP TEXT`, as the kubelet writes it.
fn parsed(line: Vec<u8>, last: Timestamp) -> LogLine {
    let split = line.iter().position(|byte| *byte == b' ');
    let time = split.and_then(|end| std::str::from_utf8(&line[..end]).ok()?.parse().ok());
    match (time, split) {
        (Some(time), Some(end)) => LogLine {
            time,
            text: bytes::Bytes::from(line).slice(end + 1..),
        },
        _ => LogLine {
            time: last,
            text: line.into(),
        },
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
        let lines: Vec<_> = lines("log".to_owned(), None, log).try_collect().await.unwrap();
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
}
