//! Parses the names that a Fabric peer gives to containers and images of chaincode, and recognises addresses
//! that cannot be a peer's.

use std::net::IpAddr;

use image_name::ImageName;
use serde::{Deserialize, Serialize};

/// Hex digits of the package hash that ends a chaincode's container name.
const PACKAGE_HASH_DIGITS: usize = 64;

/// The parts of a chaincode container's name: `NETWORK-PEER-LABEL-PACKAGEHASH` from a 2.x or 3.x peer,
/// `NETWORK-PEER-NAME-VERSION` from 1.4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FabricName<'a> {
    /// The peer's id.
    pub peer: &'a str,
    /// The chaincode package's label, or the chaincode's name if the peer is 1.4.
    pub chaincode: &'a str,
    /// The package's hash. 1.4 has none.
    pub package_hash: Option<&'a str>,
}

/// The chaincode that a build container compiles. Each part may be unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BuiltFor {
    /// The chaincode package's label, or the chaincode's name if the peer is 1.4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chaincode: Option<String>,
    /// The peer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// The peer's MSP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msp: Option<String>,
}

impl<'a> FabricName<'a> {
    /// Parses a container's name. Returns none if it is not the name of a chaincode's container. Ids with
    /// dashes are cut at the first dash, because the name does not show where they end.
    #[must_use]
    pub fn parse(container: &'a str) -> Option<Self> {
        let (rest, package_hash) = container.rsplit_once('-')?;
        if !is_package_hash(package_hash) {
            return None;
        }
        let mut parts = rest.splitn(3, '-').skip(1);
        Some(Self {
            peer: parts.next()?,
            chaincode: parts.next()?,
            package_hash: Some(package_hash),
        })
    }

    /// Parses the name of a 1.4 peer's container. Its end is known from `id`, `NAME:VERSION`.
    #[must_use]
    pub fn parse_legacy(container: &'a str, id: &'a str) -> Option<Self> {
        let (chaincode, version) = id.split_once(':')?;
        let rest = container.strip_suffix(version)?.strip_suffix('-')?;
        let rest = rest.strip_suffix(chaincode)?.strip_suffix('-')?;
        let (_network, peer) = rest.split_once('-')?;
        Some(Self {
            peer,
            chaincode,
            package_hash: None,
        })
    }
}

impl From<FabricName<'_>> for BuiltFor {
    fn from(name: FabricName<'_>) -> Self {
        Self {
            chaincode: Some(name.chaincode.to_owned()),
            peer: Some(name.peer.to_owned()),
            msp: None,
        }
    }
}

impl BuiltFor {
    /// Parses the name that a peer gives to its chaincode's image: the container's name in lower case, and a
    /// hash of it. A 1.4 name does not show where the chaincode's name ends, so its version is assumed to
    /// have no dash.
    pub(crate) fn of_image(image: &str) -> Option<Self> {
        let repository = ImageName::parse(image).ok()?.repository();
        let (container, hash) = repository.rsplit_once('-')?;
        if !is_package_hash(hash) {
            return None;
        }
        let legacy = || {
            let (rest, _version) = container.rsplit_once('-')?;
            let mut parts = rest.splitn(3, '-').skip(1);
            Some(FabricName {
                peer: parts.next()?,
                chaincode: parts.next()?,
                package_hash: None,
            })
        };
        FabricName::parse(container).or_else(legacy).map(Self::from)
    }

    /// Returns none if nothing is known.
    pub(crate) fn known(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }

    /// Returns the parts on which both agree.
    pub(crate) fn common(self, other: Self) -> Self {
        let same = |one: Option<String>, another| if one == another { one } else { None };
        Self {
            chaincode: same(self.chaincode, other.chaincode),
            peer: same(self.peer, other.peer),
            msp: same(self.msp, other.msp),
        }
    }
}

pub(crate) fn is_package_hash(text: &str) -> bool {
    text.len() == PACKAGE_HASH_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns true if an address means the host that connects to it: a loopback or wildcard address.
pub(crate) fn is_own(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _port)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(ip) => ip.is_loopback() || ip.is_unspecified(),
        Err(_) => host.is_empty() || host == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str =
        "dev-peer0.org1.example.com-kv1-477e9776d271bc0497912643ec86ff0fd50959040ae6cc0b52cd24c6d5917f68";

    #[test]
    fn a_chaincode_name_tells_peer_label_and_package() {
        let name = FabricName::parse(NAME).unwrap();
        assert_eq!((name.peer, name.chaincode), ("peer0.org1.example.com", "kv1"));
        assert_eq!(FabricName::parse("build-0123456789ab"), None);
    }

    #[test]
    fn a_1_4_peers_name_is_read_from_its_end() {
        let of = |container| {
            FabricName::parse_legacy(container, "my-cc:1.0-rc").map(|name| (name.peer, name.chaincode))
        };
        assert_eq!(of("dev-peer-0.org1-my-cc-1.0-rc"), Some(("peer-0.org1", "my-cc")));
        assert_eq!(of("dev-peer0.org1-my-cc-2.0"), None);
        assert_eq!(of("my-cc-1.0-rc"), None);
    }

    #[test]
    fn an_images_name_tells_whose_chaincode_is_built() {
        let of = |image: &str| {
            let found = BuiltFor::of_image(image)?;
            Some((found.peer?, found.chaincode?))
        };
        let hash = "db02f6a34ad56516aefaf532bc643d0a2ab5c8245301ed489d7be096aba3e43a";
        let org1 = |chaincode: &str| Some(("peer0.org1.example.com".to_owned(), chaincode.to_owned()));
        assert_eq!(of(&format!("{NAME}-{hash}")), org1("kv1"));
        assert_eq!(of(&format!("{NAME}-{hash}:latest")), org1("kv1"));
        assert_eq!(of(&format!("docker.io/library/{NAME}-{hash}")), org1("kv1"));
        assert_eq!(
            of(&format!("dev-peer0.org1.example.com-my-kv-1.0-{hash}")),
            org1("my-kv")
        );
        for other in [NAME, "hyperledger/fabric-ccenv:2.5", hash] {
            assert_eq!(of(other), None, "{other}");
        }
    }

    #[test]
    fn of_several_builds_only_what_they_share_is_known() {
        let of = |chaincode: &str, peer: &str| BuiltFor {
            chaincode: Some(chaincode.to_owned()),
            peer: Some(peer.to_owned()),
            msp: None,
        };
        let known = |found: BuiltFor| (found.chaincode.is_some(), found.peer.is_some());
        for (other, expected) in [
            (of("kv", "peer0"), (true, true)),
            (of("other", "peer0"), (false, true)),
            (of("kv", "peer1"), (true, false)),
            (BuiltFor::default(), (false, false)),
        ] {
            assert_eq!(known(of("kv", "peer0").common(other)), expected);
        }
    }

    #[test]
    fn what_means_the_pod_itself_is_no_peers_address() {
        for own in [
            "127.0.0.1:7052",
            "0.0.0.0:7052",
            ":7052",
            "localhost:7052",
            "[::1]:7052",
            "[::]:7052",
        ] {
            assert!(is_own(own), "{own}");
        }
        for peers in ["peer0.org1.example.com:7052", "10.0.0.7:7052", "[fd00::7]:7052"] {
            assert!(!is_own(peers), "{peers}");
        }
    }
}
