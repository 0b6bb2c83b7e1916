//! The ports on which a network's programs listen.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::Network;

/// The ports of all networks: below those that Linux gives to clients, and Kubernetes to Services.
const PORTS: Range<u16> = 27000..30000;
/// The number of ports of each network: a power of two that is enough for [`PEERS_MAX`].
const PORTS_EACH: u16 = 16;
/// The number of ports of the orderer.
const OF_ORDERER: u16 = 4;
/// The number of ports of each peer.
const OF_PEER: u16 = 2;
/// The largest number of peers of a network.
pub const PEERS_MAX: u16 = (PORTS_EACH - OF_ORDERER) / OF_PEER;

/// The ports of a network's programs.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Ports {
    /// The first of them all.
    pub(super) orderer: u16,
}

impl Ports {
    /// Ports that nobody uses and no other network has: its peer may be stopped just now.
    pub(super) fn free(others: &[Network]) -> Result<Self> {
        let is_free = |port: u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok();
        let first = PORTS.step_by(usize::from(PORTS_EACH)).find(|first| {
            let range = *first..first + PORTS_EACH;
            let taken = others
                .iter()
                .any(|network| range.contains(&network.ports.orderer));
            !taken && range.clone().all(is_free)
        });
        let orderer = first.context("no ports are free for a network")?;
        Ok(Self { orderer })
    }

    pub(super) const fn orderer_admin(self) -> u16 {
        self.orderer + 1
    }

    /// Returns the port for traffic between orderers.
    pub(super) const fn orderer_cluster(self) -> u16 {
        self.orderer + 2
    }

    pub(super) const fn peer(self, peer: u16) -> u16 {
        self.orderer + OF_ORDERER + OF_PEER * peer
    }

    /// Returns the port that the chaincode of that peer calls.
    pub(super) const fn chaincode(self, peer: u16) -> u16 {
        self.peer(peer) + 1
    }
}
