//! `bench launch`.

use anyhow::Result;

use super::bare::Shape;
use super::containers::Containers;
use super::sides::Sides;
use super::{Figures, Setting, trace};

const BARE: &str = "bare pod";
const EMPTY_DIR: &str = "bare pod with one emptyDir";
const INIT: &str = "bare pod with one init container";
const INIT_AND_EMPTY_DIR: &str = "bare pod with init container and emptyDir";
const DOCKERD: &str = "dockerd";
const CHAINPOD: &str = "chainpod";
const COPIED: &str = "chainpod, agent copied";
const RATIOS: [(&str, &str); 5] = [
    (CHAINPOD, BARE),
    (CHAINPOD, EMPTY_DIR),
    (CHAINPOD, DOCKERD),
    (COPIED, INIT),
    (COPIED, INIT_AND_EMPTY_DIR),
];

/// Measures it.
pub(super) fn measure(setting: &Setting, rounds: usize) -> Result<Figures> {
    let sides = Sides::new(setting)?;
    let copying = setting.chainpod_with("bench-launch-init", &["--agent-volume=init".to_owned()])?;
    let of_copying = Containers::new(&setting.cluster, copying.api()?)?;
    let mut figures = Figures::new("seconds", &RATIOS);
    setting.rounds(rounds, |round| {
        let name = |what: &str| format!("{what}-{round}");
        figures.add(BARE, sides.bare.launch(&name("nothing"), Shape::Nothing)?);
        figures.add(EMPTY_DIR, sides.bare.launch(&name("volume"), Shape::EmptyDir)?);
        figures.add(INIT, sides.bare.launch(&name("init"), Shape::InitContainer)?);
        let both = Shape::InitContainerAndEmptyDir;
        figures.add(INIT_AND_EMPTY_DIR, sides.bare.launch(&name("both"), both)?);
        figures.add(DOCKERD, sides.of_dockerd.launch(&name("docker"))?);
        figures.add(CHAINPOD, sides.of_chainpod.launch(&name("chainpod"))?);
        figures.add(COPIED, of_copying.launch(&name("copied"))?);
        Ok(())
    })?;
    figures.note(trace::of_last_launch(&sides.chainpod.log()));
    Ok(figures)
}
