//! The objects that chainpod has made in its namespace: lists them, waits for them and removes them.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use lab::cluster::Cluster;

use crate::chainpod::Chainpod;

/// The time limit for removed objects to be gone and for started ones to run.
const LIMIT: Duration = Duration::from_secs(30);
/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The kinds of objects that chainpod makes.
const KINDS: &str = "pods,configmaps,secrets";

/// The namespace of a chainpod.
#[derive(Clone, Copy)]
pub(super) struct Pods<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) namespace: &'a str,
}

impl Pods<'_> {
    fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.cluster
            .kubectl(&[&["--namespace", self.namespace], arguments].concat())
    }

    /// `kubectl get pods` with what chaincode they run.
    pub(super) fn shown(&self) -> Result<String> {
        self.kubectl(&["get", "pods", "-L", "chainpod.dev/chaincode,chainpod.dev/peer"])
    }

    /// The names of those that run.
    pub(super) fn running(&self) -> Result<Vec<String>> {
        let names = self.kubectl(&[
            "get",
            "pods",
            "--field-selector",
            "status.phase=Running",
            "-o",
            "name",
        ])?;
        let names = names.lines().map(|name| name.trim_start_matches("pod/"));
        Ok(names.map(str::to_owned).collect())
    }

    /// Waits until what runs is as it should be; what runs then.
    pub(super) fn await_running(&self, is_right: impl Fn(&[String]) -> bool) -> Result<Vec<String>> {
        awaited("these pods run", || self.running(), is_right)
    }

    /// Removes what the peer left behind, by the Docker API as `docker rm -f` would.
    pub(super) fn remove_containers(&self, chainpod: &Chainpod) -> Result<()> {
        let records = self.kubectl(&[
            "get",
            "configmaps",
            "-l",
            "app.kubernetes.io/managed-by=chainpod",
            "-o",
            "jsonpath={range .items[*]}{.metadata.labels.chainpod\\.dev/id}{\"\\n\"}{end}",
        ])?;
        let docker = chainpod.api()?;
        for id in records.lines().filter(|line| !line.is_empty()) {
            docker.remove(id)?;
        }
        Ok(())
    }

    /// Waits until nothing of ours is left.
    pub(super) fn await_empty(&self, chainpod: &Chainpod) -> Result<()> {
        let ours = || chainpod.objects(KINDS, &[]);
        awaited("still there", ours, <[String]>::is_empty).map(drop)
    }
}

/// Looks until what is found is right; what is found then.
fn awaited(
    what: &str,
    find: impl Fn() -> Result<Vec<String>>,
    is_right: impl Fn(&[String]) -> bool,
) -> Result<Vec<String>> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let found = find()?;
        if is_right(&found) {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("{what} after {} s: {}", LIMIT.as_secs(), found.join(", "));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
