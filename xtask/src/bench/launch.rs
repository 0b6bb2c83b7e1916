//! `bench launch`.

use anyhow::Result;
use lab::cluster::Dockerd;

use super::bare::{Bare, Shape};
use super::containers::Containers;
use super::{Figures, Setting, trace};

const BARE: &str = "bare pod";
const EMPTY_DIR: &str = "bare pod with one emptyDir";
const INIT: &str = "bare pod with one init container";
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
    let mut figures = Figures::new("seconds", (CHAINPOD, &[BARE, EMPTY_DIR, DOCKERD]));
    setting.rounds(rounds, |round| {
        let name = |what: &str| format!("{what}-{round}");
        figures.add(BARE, bare.launch(&name("nothing"), Shape::Nothing)?);
        figures.add(EMPTY_DIR, bare.launch(&name("volume"), Shape::EmptyDir)?);
        figures.add(INIT, bare.launch(&name("init"), Shape::InitContainer)?);
        figures.add(DOCKERD, of_dockerd.launch(&name("docker"))?);
        figures.add(CHAINPOD, of_chainpod.launch(&name("chainpod"))?);
        Ok(())
    })?;
    figures.note(trace::of_last_launch(&chainpod.log()));
    Ok(figures)
}
