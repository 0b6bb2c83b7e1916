//! `bench stop`.

use anyhow::Result;

use super::sides::Sides;
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
    let sides = Sides::new(setting)?;
    let mut figures = Figures::new("seconds", &[(CHAINPOD, BARE), (CHAINPOD, DOCKERD)]);
    setting.rounds(rounds, |round| {
        let name = |what: &str| format!("{what}-{round}");
        figures.add(BARE, sides.bare.stop(&name("bare"), &PROGRAM)?);
        figures.add(DOCKERD, sides.of_dockerd.stop(&name("docker"), &PROGRAM)?);
        figures.add(CHAINPOD, sides.of_chainpod.stop(&name("chainpod"), &PROGRAM)?);
        Ok(())
    })?;
    Ok(figures)
}
