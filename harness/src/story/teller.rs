//! The turns of a story: what each asked for, what came of it, and what the peer and
//! the cluster did meanwhile.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use lab::cluster::Cluster;

use super::pods::Pods;
use crate::chainpod::Chainpod;

/// One turn of the story.
pub struct Turn {
    /// The request.
    pub asked: String,
    /// The answer.
    pub answered: String,
    /// The duration.
    pub took: Duration,
    /// The Docker calls that the peer made meanwhile.
    pub calls: Vec<String>,
    /// The Pods that came, changed and went meanwhile, as `kubectl get pods --watch` tells it.
    pub changes: Vec<String>,
    /// The Pods after it, as `kubectl get pods` shows them.
    pub pods: String,
}

/// `kubectl get pods --watch`, ended when it is dropped.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(cluster: &Cluster, namespace: &str) -> Result<Self> {
        let mut command = cluster.kubectl_command();
        command.args([
            "--namespace",
            namespace,
            "get",
            "pods",
            "--watch",
            "--output-watch-events",
        ]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = child.stdout.take().context("no output")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            // Ends with kubectl, or with who listens.
            let _ = BufReader::new(output)
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line));
        });
        Ok(Self { child, lines })
    }

    /// Returns the changes since the last call. A Pod's age is no change.
    fn changes(&self) -> Vec<String> {
        let what = |line: &String| line.split_whitespace().take(4).collect::<String>();
        let mut lines: Vec<String> = self
            .lines
            .try_iter()
            .filter(|line| !line.starts_with("EVENT"))
            .collect();
        lines.dedup_by_key(|line| what(line));
        lines
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells turns, one by one.
pub(super) struct Teller<'a> {
    chainpod: &'a Chainpod,
    pods: Pods<'a>,
    watch: Watch,
    /// The number of chainpod's calls that have been reported.
    told: usize,
    tell: &'a mut dyn FnMut(Turn),
}

impl<'a> Teller<'a> {
    /// `tell` hears each turn when it is over.
    pub(super) fn new(pods: Pods<'a>, chainpod: &'a Chainpod, tell: &'a mut dyn FnMut(Turn)) -> Result<Self> {
        Ok(Self {
            watch: Watch::start(pods.cluster, pods.namespace)?,
            told: chainpod.calls().len(),
            chainpod,
            pods,
            tell,
        })
    }

    /// Does a turn and returns its answer.
    ///
    /// # Errors
    /// Returns the error of `work`.
    pub(super) fn turn(&mut self, asked: &str, work: impl FnOnce() -> Result<String>) -> Result<String> {
        let started = Instant::now();
        let answered = work().with_context(|| asked.to_owned())?;
        let took = started.elapsed();
        let pods = self.pods.shown()?;
        let calls = self.chainpod.calls();
        (self.tell)(Turn {
            asked: asked.to_owned(),
            answered: answered.clone(),
            took,
            calls: calls[self.told..].to_vec(),
            changes: self.watch.changes(),
            pods,
        });
        self.told = calls.len();
        Ok(answered)
    }
}
