//! `chainpod logs`: prints a chaincode's output from its Pods. If a Pod is gone, it prints the last lines
//! from the record.

use anyhow::{Context, Result, bail};
use clap::ArgMatches;
use engine::container::{Container, Role};
use k8s_openapi::api::core::v1::Pod;
use pods::View;

use crate::by_name::meant;
use crate::cli;
use crate::cluster::Place;
use crate::config::Look;
use crate::print::write;

/// The requested part of a log.
#[derive(Clone, Copy)]
struct Asked {
    follow: bool,
    tail: Option<i64>,
    previous: bool,
}

/// Prints the logs that `--follow`, `--tail`, `--peer` and `--previous` select.
///
/// # Errors
/// Returns an error if the cluster does not answer, if nothing matches, or if more than one chaincode does.
pub(crate) async fn run(look: &Look, flags: &ArgMatches) -> Result<()> {
    let place = Place::of(look).await?;
    let asked = Asked {
        follow: flags.get_flag(cli::FOLLOW),
        tail: flags.get_one::<i64>(cli::TAIL).copied(),
        previous: flags.get_flag(cli::PREVIOUS),
    };
    let views = pods::views(&place.client, &place.namespace, &place.scope);
    let views = views
        .await
        .with_context(|| format!("cannot list records and pods {place}"))?;
    // Invariant: clap requires the name.
    let name = flags.get_one::<String>(cli::NAME).map_or("", String::as_str);
    let peer = flags.get_one::<String>(cli::PEER).map(String::as_str);
    let chosen = chosen(&views, name, peer).with_context(|| place.to_string())?;
    let several = chosen.len() > 1;
    if !asked.follow {
        for view in &chosen {
            tell(&place, view, asked, several).await?;
        }
        return Ok(());
    }
    let following = chosen.into_iter().map(|view| {
        let client = place.client.clone();
        async move { read(&client, &view, asked, several).await }
    });
    let tasks: Vec<_> = following.map(tokio::spawn).collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn tell(place: &Place, view: &View, asked: Asked, several: bool) -> Result<()> {
    read(&place.client, view, asked, several)
        .await
        .with_context(|| place.to_string())
}

/// Returns the containers of that peer that `name` means: chaincode, or builds if there is no chaincode.
fn chosen(views: &[View], name: &str, peer: Option<&str>) -> Result<Vec<View>> {
    let records: Vec<_> = views.iter().map(|view| view.record.clone()).collect();
    let mut meant: Vec<_> = meant(&records, name)?
        .into_iter()
        .map(|record| &record.uid)
        .collect();
    let of = |uid: &str| views.iter().find(|view| view.record.uid == uid);
    let is_chaincode = |uid: &&String| of(uid).is_some_and(|view| view.container().role == Role::Chaincode);
    if meant.iter().any(&is_chaincode) {
        meant.retain(is_chaincode);
    }
    let mut chosen: Vec<_> = meant.into_iter().filter_map(|uid| of(uid)).cloned().collect();
    chosen.sort_by(|one, other| one.container().name.cmp(&other.container().name));
    let Some(peer) = peer else {
        return Ok(chosen);
    };
    let peers: Vec<_> = chosen.iter().filter_map(|view| view.container().peer()).collect();
    let peers = peers.join(", ");
    chosen.retain(|view| view.container().peer().is_some_and(|known| is_peer(known, peer)));
    if chosen.is_empty() {
        bail!("{name} does not run for the peer {peer}; it runs for: {peers}");
    }
    Ok(chosen)
}

/// Returns true if it is the peer, or its first part: `peer0` also matches `peer0.org1.example.com`.
fn is_peer(known: &str, peer: &str) -> bool {
    known
        .strip_prefix(peer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Prints one container's log. If there are several logs, each line begins with its Pod.
async fn read(client: &kube::Client, view: &View, asked: Asked, several: bool) -> Result<()> {
    let container = view.container();
    let pod = if asked.previous { &view.earlier } else { &view.pod };
    let name = pod.as_ref().and_then(|pod| pod.metadata.name.as_deref());
    let prefix = match (several, name) {
        (true, name) => format!("[{}] ", name.unwrap_or(&container.name)),
        (false, _) => String::new(),
    };
    match pod {
        Some(pod) => of_pod(client, pod, container, asked, &prefix).await,
        None if asked.previous => bail!(
            "no earlier pod of {} exists: a peer removes the container and its pods before each launch",
            container.name
        ),
        None => {
            kept(container, asked.tail, &prefix);
            Ok(())
        }
    }
}

async fn of_pod(
    client: &kube::Client,
    pod: &Pod,
    container: &Container,
    asked: Asked,
    prefix: &str,
) -> Result<()> {
    let mut printer = Printer::new(prefix, write);
    let told = pods::read_log(client, pod, (asked.tail, asked.follow), |piece| {
        printer.piece(piece);
    });
    let told = told.await;
    printer.end();
    match told {
        // It was removed after it had been listed.
        Err(kube::Error::Api(status)) if status.code == 404 => {
            kept(container, asked.tail, prefix);
            Ok(())
        }
        told => {
            let pod = pod.metadata.name.as_deref().unwrap_or_default();
            told.with_context(|| format!("cannot read the log of pod {pod}"))
        }
    }
}

/// Prints the last lines that the record keeps.
fn kept(container: &Container, tail: Option<i64>, prefix: &str) {
    let lines = &container.last_lines;
    let count = tail
        .and_then(|tail| usize::try_from(tail).ok())
        .unwrap_or(lines.len());
    let mut printer = Printer::new(prefix, write);
    for line in &lines[lines.len().saturating_sub(count)..] {
        printer.piece(line.text.as_bytes());
    }
    printer.end();
}

/// Prints one log. The pieces of a long line are printed as one line. With several logs each piece is a line of
/// its own, because other logs print in between.
struct Printer<'a, W: FnMut(&[u8])> {
    prefix: &'a str,
    write: W,
    /// True if the last line has ended.
    ended: bool,
}

impl<'a, W: FnMut(&[u8])> Printer<'a, W> {
    const fn new(prefix: &'a str, write: W) -> Self {
        Self {
            prefix,
            write,
            ended: true,
        }
    }

    fn piece(&mut self, piece: &[u8]) {
        self.ended = piece.ends_with(b"\n");
        if self.prefix.is_empty() {
            return (self.write)(piece);
        }
        let end: &[u8] = if self.ended { b"" } else { b"\n" };
        (self.write)(&[self.prefix.as_bytes(), piece, end].concat());
        self.ended = true;
    }

    fn end(&mut self) {
        if !self.ended {
            (self.write)(b"\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::by_name::tests::{HASH, record};

    fn views() -> Vec<View> {
        let view = |name: &str, role| {
            let mut record = record(&format!("dev-{name}-{HASH}"), "abcd");
            record.uid = name.to_owned();
            record.container.role = role;
            View {
                record,
                pod: None,
                earlier: None,
            }
        };
        vec![
            view("peer1.org1-kv_1", Role::Chaincode),
            view("peer0.org1-kv_1", Role::Chaincode),
            view("peer10-kv_1", Role::Build),
            view("peer0-other", Role::Build),
        ]
    }

    #[test]
    fn chaincode_is_chosen_by_name_and_peer() {
        let uids = |name: &str, peer| -> Vec<_> {
            let chosen = chosen(&views(), name, peer).unwrap().into_iter();
            chosen.map(|view| view.record.uid).collect()
        };
        assert_eq!(uids("kv", None), ["peer0.org1-kv_1", "peer1.org1-kv_1"]);
        assert_eq!(uids("kv", Some("peer1")), ["peer1.org1-kv_1"]);
        assert_eq!(uids("other", None), ["peer0-other"]);
        let error = chosen(&views(), "kv", Some("peer2")).unwrap_err().to_string();
        assert_eq!(
            error,
            "kv does not run for the peer peer2; it runs for: peer0.org1, peer1.org1"
        );
    }

    #[test]
    fn a_long_line_stays_whole_where_nobody_else_writes() {
        let printed = |prefix: &str, pieces: &[&[u8]]| {
            let mut written = Vec::new();
            let mut printer = Printer::new(prefix, |bytes: &[u8]| written.extend_from_slice(bytes));
            for piece in pieces {
                printer.piece(piece);
            }
            printer.end();
            written
        };
        let pieces: [&[u8]; 4] = [b"a\n", b"bb", b"b\n", b"\xff"];
        assert_eq!(printed("", &pieces), b"a\nbbb\n\xff\n");
        assert_eq!(printed("[p] ", &pieces), b"[p] a\n[p] bb\n[p] b\n[p] \xff\n");
        assert_eq!(printed("", &[]), b"");
    }
}
