//! The versions of Fabric that networks run. Their differences are data: one `Release` each.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::go_build::GoModule;

/// A version of Fabric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub enum Fabric {
    /// 1.4.12: no lifecycle, chaincode starts at the first transaction.
    #[value(name = "1.4")]
    V1_4,
    /// 2.1.1: the lifecycle, channels through the system channel.
    #[value(name = "2.1")]
    V2_1,
    /// 2.5.9.
    #[default]
    #[value(name = "2.5")]
    V2_5,
}

/// The ways in which the orderer gets a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channels {
    /// `osnadmin channel join`, with the channel's first block.
    Participation,
    /// `peer channel create`, through the system channel with which the orderer starts.
    System,
}

/// The ways in which chaincode is defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifecycle {
    /// Install, approve, commit.
    Approved,
    /// Install, instantiate or upgrade.
    Legacy,
}

/// The parts and the properties of a version.
pub(super) struct Release {
    pub(super) module: GoModule,
    /// The version whose cryptogen makes the keys. 1.4 and 2.1 refuse a CA's certificate whose signature has
    /// a high S, and of all cryptogens only 1.4's never makes one.
    pub(super) cryptogen: Fabric,
    /// Of the channel, the orderer and the application.
    pub(super) capabilities: [&'static str; 3],
    pub(super) channels: Channels,
    pub(super) lifecycle: Lifecycle,
}

const V1_4: Release = Release {
    module: GoModule {
        name: "fabric-1.4",
        folder: "fabric/v1.4",
        packages: &[
            "github.com/hyperledger/fabric/peer",
            "github.com/hyperledger/fabric/orderer",
            "github.com/hyperledger/fabric/common/tools/configtxgen",
            "github.com/hyperledger/fabric/common/tools/cryptogen",
        ],
        // As Fabric's own releases set them; the peer derives its images' tags from them.
        ldflags: "-s -w -X github.com/hyperledger/fabric/common/metadata.Version=1.4.12 \
                  -X github.com/hyperledger/fabric/common/metadata.BaseVersion=0.4.22",
        tags: "",
    },
    cryptogen: Fabric::V1_4,
    capabilities: ["V1_4_3", "V1_4_2", "V1_4_2"],
    channels: Channels::System,
    lifecycle: Lifecycle::Legacy,
};

const V2_1: Release = Release {
    module: GoModule {
        name: "fabric-2.1",
        folder: "fabric/v2.1",
        packages: &[
            "github.com/hyperledger/fabric/cmd/peer",
            "github.com/hyperledger/fabric/cmd/orderer",
            "github.com/hyperledger/fabric/cmd/configtxgen",
        ],
        ldflags: "-s -w -X github.com/hyperledger/fabric/common/metadata.Version=2.1.1",
        tags: "",
    },
    cryptogen: Fabric::V1_4,
    capabilities: ["V2_0", "V2_0", "V2_0"],
    channels: Channels::System,
    lifecycle: Lifecycle::Approved,
};

const V2_5: Release = Release {
    module: GoModule {
        name: "fabric-2.5",
        folder: "fabric/v2.5",
        packages: &[
            "github.com/hyperledger/fabric/cmd/peer",
            "github.com/hyperledger/fabric/cmd/orderer",
            "github.com/hyperledger/fabric/cmd/configtxgen",
            "github.com/hyperledger/fabric/cmd/cryptogen",
            "github.com/hyperledger/fabric/cmd/osnadmin",
        ],
        ldflags: "-s -w -X github.com/hyperledger/fabric/common/metadata.Version=v2.5.9",
        tags: "",
    },
    cryptogen: Fabric::V2_5,
    capabilities: ["V2_0", "V2_0", "V2_5"],
    channels: Channels::Participation,
    lifecycle: Lifecycle::Approved,
};

impl Fabric {
    pub(super) const fn release(self) -> &'static Release {
        match self {
            Self::V1_4 => &V1_4,
            Self::V2_1 => &V2_1,
            Self::V2_5 => &V2_5,
        }
    }

    /// Returns true if a peer launches its committed chaincode when it starts, false if it does so at the
    /// next transaction.
    #[must_use]
    pub const fn launches_at_start(self) -> bool {
        matches!(self.release().lifecycle, Lifecycle::Approved)
    }

    /// Returns true if a peer stops chaincode that another package has replaced, false if that chaincode runs
    /// on.
    #[must_use]
    pub const fn stops_replaced(self) -> bool {
        matches!(self.release().lifecycle, Lifecycle::Approved)
    }
}

impl fmt::Display for Fabric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        formatter.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}
