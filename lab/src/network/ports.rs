//! Where a network's programs listen.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::Network;

/// Where networks listen: below the ports that Linux gives to clients, and Kubernetes to Services.
const PORTS: Range<u16> = 27000..30000;
/// How many ports each network has.
const PORTS_EACH: u16 = 4;

/// Where its programs listen.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Ports {
    pub(super) orderer: u16,
    pub(super) orderer_admin: u16,
    pub(super) peer: u16,
    pub(super) chaincode: u16,
}

impl Ports {
    /// Ports that nobody uses and no other network has: its peer may be stopped just now.
    pub(super) fn free(others: &[Network]) -> Result<Self> {
        let is_free = |port: u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok();
        let first = PORTS.step_by(usize::from(PORTS_EACH)).find(|first| {
            let taken = others.iter().any(|network| network.ports.orderer == *first);
            !taken && (0..PORTS_EACH).all(|offset| is_free(first + offset))
        });
        let first = first.context("no ports are free for a network")?;
        Ok(Self {
            orderer: first,
            orderer_admin: first + 1,
            peer: first + 2,
            chaincode: first + 3,
        })
    }
}
