//! The chaincode of a container, from the container's name and from the environment that a Fabric peer gives
//! it.

use super::record::Container;
use super::spec::Spec;
use crate::fabric::FabricName;

/// The variable in which a peer names the chaincode: `LABEL:HASH`, or `NAME:VERSION` from 1.4.
const CHAINCODE_VARIABLE: &str = "CORE_CHAINCODE_ID_NAME";
/// The variable in which a peer names its MSP.
const MSP_VARIABLE: &str = "CORE_PEER_LOCALMSPID";

impl Container {
    /// Returns the parts of the container's name if a Fabric peer gave it.
    #[must_use]
    pub fn fabric_name(&self) -> Option<FabricName<'_>> {
        FabricName::parse(&self.name).or_else(|| {
            let id = self.spec.chaincode_id()?;
            FabricName::parse_legacy(&self.name, id)
        })
    }

    /// Returns the chaincode's label, or its name if a 1.4 peer created the container.
    #[must_use]
    pub fn chaincode(&self) -> Option<&str> {
        let id = self.spec.chaincode_id();
        let of_name = || Some(self.fabric_name()?.chaincode);
        let of_build = || self.built_for.as_ref()?.chaincode.as_deref();
        id.and_then(|id| id.split(':').next())
            .or_else(of_name)
            .or_else(of_build)
    }

    /// Returns the peer's id.
    #[must_use]
    pub fn peer(&self) -> Option<&str> {
        let of_build = || self.built_for.as_ref()?.peer.as_deref();
        self.fabric_name().map(|name| name.peer).or_else(of_build)
    }

    /// Returns the MSP of the peer that owns the chaincode.
    #[must_use]
    pub fn msp(&self) -> Option<&str> {
        let of_build = || self.built_for.as_ref()?.msp.as_deref();
        self.spec.msp().or_else(of_build)
    }
}

impl Spec {
    /// Returns the MSP in the environment that the peer sets.
    pub(crate) fn msp(&self) -> Option<&str> {
        self.variable(MSP_VARIABLE)
    }

    /// Returns the peer's name of the chaincode, `LABEL:HASH` or `NAME:VERSION`.
    pub(crate) fn chaincode_id(&self) -> Option<&str> {
        self.variable(CHAINCODE_VARIABLE)
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let values = self.env.iter().filter_map(|entry| entry.split_once('='));
        let values = values.filter(|(known, _)| *known == name);
        values.map(|(_, value)| value).next_back()
    }
}
