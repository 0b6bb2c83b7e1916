//! The sides of what is measured against each other: bare Pods, containers of
//! dockerd, containers of chainpod.

use anyhow::Result;
use harness::chainpod::Chainpod;
use lab::cluster::Dockerd;

use super::Setting;
use super::bare::Bare;
use super::containers::Containers;

/// All three, each ready.
pub(super) struct Sides<'a> {
    pub(super) bare: Bare,
    pub(super) of_dockerd: Containers<'a>,
    pub(super) of_chainpod: Containers<'a>,
    pub(super) chainpod: Chainpod,
    _dockerd: Dockerd,
}

impl<'a> Sides<'a> {
    pub(super) fn new(setting: &'a Setting) -> Result<Self> {
        let cluster = &setting.cluster;
        let dockerd = Dockerd::start(cluster, &setting.progress)?;
        let chainpod = setting.chainpod()?;
        Ok(Self {
            bare: setting.bare()?,
            of_dockerd: Containers::new(cluster, dockerd.api())?,
            of_chainpod: Containers::new(cluster, chainpod.api()?)?,
            chainpod,
            _dockerd: dockerd,
        })
    }
}
