//! The lifecycle of chaincode on a channel: install, approve and commit, or with 1.4 install, instantiate and
//! upgrade, through the same methods.

use anyhow::Result;
use serde_json::Value;

use super::fabric::Lifecycle;
use super::{CHANNEL, Network, Package};
use crate::command::{await_true, run};

/// The arguments with which 1.4's chaincode is initialised.
const INIT: &str = r#"{"Args":["init"]}"#;

impl Network {
    /// Installs a package. A 2.x peer builds it. Returns its id, which with 1.4 is `NAME:VERSION`.
    ///
    /// # Errors
    /// Returns the peer's error.
    pub fn install(&self, package: &Package) -> Result<String> {
        let file = package.file().display().to_string();
        match self.lifecycle() {
            Lifecycle::Approved => {
                self.peer(&["lifecycle", "chaincode", "install", &file])?;
                package.id()
            }
            Lifecycle::Legacy => {
                self.peer(&["chaincode", "install", &file])?;
                Ok(format!("{}:{}", package.name(), package.version()))
            }
        }
    }

    /// Approves a package as the next definition of its chaincode. With 1.4 there is nothing to do.
    ///
    /// # Errors
    /// Returns the peer's error.
    pub fn approve(&self, package: &Package) -> Result<()> {
        match self.lifecycle() {
            Lifecycle::Approved => self.define("approveformyorg", package, &["--package-id", &package.id()?]),
            Lifecycle::Legacy => Ok(()),
        }
    }

    /// Commits the approved definition, and the peer starts the chaincode. With 1.4 it instantiates the
    /// chaincode, or upgrades it if it is there already, and the peer builds and starts it.
    ///
    /// # Errors
    /// Returns the peer's error.
    pub fn commit(&self, package: &Package) -> Result<()> {
        match self.lifecycle() {
            Lifecycle::Approved => self.define("commit", package, &[]),
            Lifecycle::Legacy => self.instantiate(package),
        }
    }

    /// Installs, approves and commits a package: its chaincode is built and starts.
    ///
    /// # Errors
    /// Returns the peer's error.
    pub fn deploy(&self, package: &Package) -> Result<()> {
        self.install(package)?;
        self.approve(package)?;
        self.commit(package)
    }

    const fn lifecycle(&self) -> Lifecycle {
        self.options.fabric.release().lifecycle
    }

    fn define(&self, action: &str, package: &Package, more: &[&str]) -> Result<()> {
        let sequence = (self.committed(package)? + 1).to_string();
        let mut command = self.peer_command();
        command
            .args(["lifecycle", "chaincode", action, "--channelID", CHANNEL])
            .args(["--name", package.name(), "--version", package.version()])
            .args(["--sequence", &sequence])
            .args(more)
            .args(self.orderer_arguments());
        run(&mut command).map(drop)
    }

    /// Returns the sequence of the committed definition, or 0 if there is none.
    fn committed(&self, package: &Package) -> Result<u64> {
        let query = ["lifecycle", "chaincode", "querycommitted"];
        let arguments = ["--channelID", CHANNEL, "--output", "json"];
        let all: Value = serde_json::from_str(&self.peer(&[&query[..], &arguments].concat())?)?;
        let all = all["chaincode_definitions"].as_array().into_iter().flatten();
        let mut own = all.filter(|definition| definition["name"] == package.name());
        Ok(own
            .next()
            .and_then(|definition| definition["sequence"].as_u64())
            .unwrap_or(0))
    }

    fn instantiate(&self, package: &Package) -> Result<()> {
        let (name, version) = (package.name(), package.version());
        let is_there = !self.instantiated(&format!("Name: {name},"))?.is_empty();
        let action = if is_there { "upgrade" } else { "instantiate" };
        let mut command = self.peer_command();
        command
            .args(["chaincode", action, "--channelID", CHANNEL])
            .args(["--name", name, "--version", version, "--ctor", INIT])
            .args(self.orderer_arguments());
        run(&mut command)?;
        // Its transaction is only sent.
        let line = format!("Name: {name}, Version: {version},");
        await_true("the chaincode's definition", || {
            self.instantiated(&line).is_ok_and(|lines| !lines.is_empty())
        })
    }

    /// The lines about instantiated chaincode that begin so.
    fn instantiated(&self, begin: &str) -> Result<Vec<String>> {
        let all = self.peer(&["chaincode", "list", "--instantiated", "--channelID", CHANNEL])?;
        let lines = all.lines().filter(|line| line.starts_with(begin));
        Ok(lines.map(str::to_owned).collect())
    }
}
