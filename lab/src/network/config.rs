//! A network's keys, certificates and configuration: Fabric's own templates, and
//! two of ours.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{CHANNEL, Network};
use crate::cluster::run;
use crate::go;

const CRYPTO_CONFIG: &str = include_str!("../../fabric/config/crypto-config.yaml");
const CONFIGTX: &str = include_str!("../../fabric/config/configtx.yaml");
/// Fabric's templates that its programs want to find.
const TEMPLATES: [&str; 2] = ["core.yaml", "orderer.yaml"];

/// Writes all of it below the network's folder.
///
/// # Errors
/// Those of cryptogen and configtxgen.
pub(super) fn write(network: &Network) -> Result<()> {
    let config = network.config_folder();
    fs::create_dir_all(&config)?;
    templates(&config)?;
    let crypto = network.folder.join("crypto");
    let fill = |template: &str| {
        template
            .replace("DOMAIN", &network.domain())
            .replace("CRYPTO", &crypto.display().to_string())
            .replace("ORDERER_PORT", &network.ports.orderer.to_string())
    };
    let crypto_config = config.join("crypto-config.yaml");
    fs::write(&crypto_config, fill(CRYPTO_CONFIG))?;
    fs::write(config.join("configtx.yaml"), fill(CONFIGTX))?;
    run(Command::new(network.programs.join("cryptogen"))
        .arg("generate")
        .arg(format!("--config={}", crypto_config.display()))
        .arg(format!("--output={}", crypto.display())))?;
    run(Command::new(network.programs.join("configtxgen"))
        .args(["-profile", "Lab", "-channelID", CHANNEL])
        .arg("-configPath")
        .arg(&config)
        .arg("-outputBlock")
        .arg(network.folder.join("genesis.block")))?;
    Ok(())
}

/// Copies Fabric's templates from its module.
pub(super) fn templates(config: &Path) -> Result<()> {
    let mut download = Command::new("go");
    download.args(["mod", "download", "-json", "github.com/hyperledger/fabric"]);
    let module = run(download.current_dir(go::folder().join(super::FABRIC.folder)))?;
    let module: Value = serde_json::from_str(&module)?;
    let module = module["Dir"]
        .as_str()
        .context("go mod download does not say where fabric is")?;
    for template in TEMPLATES {
        let copy = config.join(template);
        fs::copy(Path::new(module).join("sampleconfig").join(template), &copy)?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
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
        organization.join("orderers").join(self.orderer_host())
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
        self.organization().join("peers").join(self.peer_host())
    }
}
