//! A network's keys, certificates and configuration: Fabric's own templates, and
//! two of ours.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Fabric, Network};
use crate::command::run;
use crate::go_build;

const CRYPTO_CONFIG: &str = include_str!("../../fabric/config/crypto-config.yaml");
const CONFIGTX: &str = include_str!("../../fabric/config/configtx.yaml");
/// Fabric's templates that its programs want to find.
const TEMPLATES: [&str; 2] = ["core.yaml", "orderer.yaml"];

/// Writes the whole configuration below the network's folder.
///
/// # Errors
/// Returns the errors of cryptogen and configtxgen.
pub(super) fn write(network: &Network) -> Result<()> {
    let config = network.config_folder();
    fs::create_dir_all(&config)?;
    let fabric = network.options.fabric;
    templates(fabric, &config)?;
    let crypto = network.folder.join("crypto");
    let [channel, orderer, application] = fabric.release().capabilities;
    let fill = |template: &str| {
        template
            .replace("DOMAIN", &network.domain())
            .replace("CRYPTO", &crypto.display().to_string())
            .replace("ORDERER_HOST", &network.orderer_host())
            // cryptogen's word for the peer's name.
            .replace("PEER_HOST", &network.host_of("{{.Hostname}}", "org1"))
            .replace("ORDERER_PORT", &network.ports.orderer.to_string())
            .replace("CLUSTER_PORT", &network.ports.orderer_cluster().to_string())
            .replace("CHANNEL_CAPABILITY", channel)
            .replace("ORDERER_CAPABILITY", orderer)
            .replace("APPLICATION_CAPABILITY", application)
            .replace("PEERS", &network.options.peers.to_string())
    };
    let crypto_config = config.join("crypto-config.yaml");
    fs::write(&crypto_config, fill(CRYPTO_CONFIG))?;
    fs::write(config.join("configtx.yaml"), fill(CONFIGTX))?;
    let cryptogen = fabric.release().cryptogen.release().module.build()?;
    run(Command::new(cryptogen.join("cryptogen"))
        .arg("generate")
        .arg(format!("--config={}", crypto_config.display()))
        .arg(format!("--output={}", crypto.display())))?;
    let (profile, channel) = fabric.release().channels.first_block();
    let block = network.first_block().display().to_string();
    network.configtxgen(profile, channel, &["-outputBlock", &block])
}

/// Copies Fabric's templates from its module.
pub(super) fn templates(fabric: Fabric, config: &Path) -> Result<()> {
    let samples = samples(fabric)?;
    for template in TEMPLATES {
        let copy = config.join(template);
        fs::copy(samples.join(template), &copy)?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// The folder of Fabric's templates, in its module.
pub(super) fn samples(fabric: Fabric) -> Result<PathBuf> {
    let module = go_build::source(fabric.release().module.folder, "github.com/hyperledger/fabric")?;
    Ok(module.join("sampleconfig"))
}

impl Network {
    pub(super) fn config_folder(&self) -> PathBuf {
        self.folder.join("config")
    }

    /// The folder of the orderer's identity and TLS certificates.
    pub(super) fn orderer_identity(&self) -> PathBuf {
        let organization = self
            .folder
            .join("crypto/ordererOrganizations")
            .join(self.domain());
        organization
            .join("orderers")
            .join(format!("orderer.{}", self.domain()))
    }

    pub(super) fn orderer_tls(&self) -> PathBuf {
        self.orderer_identity().join("tls")
    }

    /// The folder of Org1.
    pub(super) fn organization(&self) -> PathBuf {
        let organizations = self.folder.join("crypto/peerOrganizations");
        organizations.join(format!("org1.{}", self.domain()))
    }

    /// The folder of the peer's identity and TLS certificates.
    pub(super) fn peer_identity(&self) -> PathBuf {
        let name = format!("peer{}.org1.{}", self.peer, self.domain());
        self.organization().join("peers").join(name)
    }
}
