//! `bench stop`.

use anyhow::Result;
use lab::cluster::Dockerd;

use super::bare::Bare;
use super::containers::Containers;
use super::{Figures, Setting};

/// Ends on TERM, and says when it is ready to.
const PROGRAM: [&str; 3] = [
    "/bin/sh",
    "-c",
    "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done",
];
const BARE: &str = "bare pod, until its status says so";
const DOCKERD: &str = "dockerd";
const CHAINPOD: &str = "chainpod";

/// Measures it.
pub(super) fn measure(setting: &Setting, rounds: usize) -> Result<Figures> {
    let cluster = &setting.cluster;
    let bare = Bare::new(cluster, setting.namespace("bare"))?;
    let dockerd = Dockerd::start(cluster, &setting.progress)?;
    let of_dockerd = Containers::new(cluster, dockerd.api())?;
    let chainpod = setting.chainpod("image", &[])?;
    let of_chainpod = Containers::new(cluster, chainpod.api()?)?;
    let mut figures = Figures::new("seconds", (CHAINPOD, &[BARE, DOCKERD]));
    setting.rounds(rounds, |round| {
        let name = |what: &str| format!("{what}-{round}");
        figures.add(BARE, bare.stop(&name("bare"), &PROGRAM)?);
        figures.add(DOCKERD, of_dockerd.stop(&name("docker"), &PROGRAM)?);
        figures.add(CHAINPOD, of_chainpod.stop(&name("chainpod"), &PROGRAM)?);
        Ok(())
    })?;
    Ok(figures)
}
