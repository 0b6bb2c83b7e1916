//! What a container says of its chaincode: in its name, and in the environment that a Fabric peer gives it.

use super::record::Container;
use super::spec::Spec;
use crate::fabric::FabricName;

/// Where a peer names the chaincode: `LABEL:HASH`, or `NAME:VERSION` from 1.4.
const CHAINCODE_VARIABLE: &str = "CORE_CHAINCODE_ID_NAME";
/// Where a peer says whose chaincode it is.
const MSP_VARIABLE: &str = "CORE_PEER_LOCALMSPID";

impl Container {
    /// What its name says of the chaincode.
    #[must_use]
    pub fn fabric_name(&self) -> Option<FabricName<'_>> {
        FabricName::parse(&self.name).or_else(|| {
            let id = self.spec.chaincode_id()?;
            FabricName::parse_legacy(&self.name, id)
        })
    }

    /// The chaincode's label; from 1.4 its name.
    #[must_use]
    pub fn chaincode(&self) -> Option<&str> {
        let id = self.spec.chaincode_id();
        let of_name = || Some(self.fabric_name()?.chaincode);
        let of_build = || self.built_for.as_ref()?.chaincode.as_deref();
        id.and_then(|id| id.split(':').next())
            .or_else(of_name)
            .or_else(of_build)
    }

    /// The peer's id.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        let of_build = || self.built_for.as_ref()?.peer.as_deref();
        self.fabric_name().map(|name| name.peer).or_else(of_build)
    }

    /// Whose chaincode it is.
    #[must_use]
    pub fn msp(&self) -> Option<&str> {
        let of_build = || self.built_for.as_ref()?.msp.as_deref();
        self.spec.msp().or_else(of_build)
    }
}

impl Spec {
    /// Whose chaincode it is.
    pub(crate) fn msp(&self) -> Option<&str> {
        self.variable(MSP_VARIABLE)
    }

    /// What a peer names the chaincode.
    pub(crate) fn chaincode_id(&self) -> Option<&str> {
        self.variable(CHAINCODE_VARIABLE)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let values = self.env.iter().filter_map(|entry| entry.split_once('='));
        let values = values.filter(|(known, _)| *known == name);
        values.map(|(_, value)| value).next_back()
    }
}
