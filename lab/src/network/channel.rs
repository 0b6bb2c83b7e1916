//! Creates the channel on the orderer, and joins the peers to it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::fabric::Channels;
use super::{CHANNEL, Network};
use crate::command::{await_true, run};

impl Channels {
    /// The profile of configtx.yaml with which configtxgen makes the first block, and of what channel.
    pub(super) const fn first_block(self) -> (&'static str, &'static str) {
        match self {
            Self::Participation => ("Participation", CHANNEL),
            Self::System => ("System", "system"),
        }
    }

    /// Returns the orderer's `General.BootstrapMethod` for that block.
    pub(super) const fn bootstrap_method(self) -> &'static str {
        match self {
            Self::Participation => "none",
            Self::System => "file",
        }
    }
}

impl Network {
    /// Makes the channel at the orderer.
    pub(super) fn make_channel(&self) -> Result<()> {
        match self.options.fabric.release().channels {
            Channels::Participation => {
                await_true("the orderer's admin", || self.osnadmin(&["list"]).is_ok())?;
                let block = self.first_block().display().to_string();
                self.osnadmin(&["join", "--channelID", CHANNEL, "--config-block", &block])
            }
            Channels::System => {
                let transaction = self.folder.join("channel.tx").display().to_string();
                self.configtxgen("Channel", CHANNEL, &["-outputCreateChannelTx", &transaction])?;
                let block = self.channel_block().display().to_string();
                let create = ["channel", "create", "--channelID", CHANNEL, "--file"];
                let arguments = [&create[..], &[&transaction, "--outputBlock", &block]].concat();
                run(self.peer_command().args(arguments).args(self.orderer_arguments()))
            }
        }
        .map(drop)
    }

    /// Joins this peer to the channel.
    pub(super) fn join(&self) -> Result<()> {
        let block = self.channel_block().display().to_string();
        self.peer(&["channel", "join", "--blockpath", &block]).map(drop)
    }

    /// The block with which the orderer begins.
    pub(super) fn first_block(&self) -> PathBuf {
        self.folder.join("first.block")
    }

    /// The channel's first block.
    fn channel_block(&self) -> PathBuf {
        match self.options.fabric.release().channels {
            Channels::Participation => self.first_block(),
            Channels::System => self.folder.join("channel.block"),
        }
    }

    pub(super) fn configtxgen(&self, profile: &str, channel: &str, output: &[&str]) -> Result<()> {
        run(Command::new(self.programs.join("configtxgen"))
            .args(["-profile", profile, "-channelID", channel, "-configPath"])
            .arg(self.config_folder())
            .args(output))
        .map(drop)
    }

    fn osnadmin(&self, arguments: &[&str]) -> Result<String> {
        let (action, rest) = arguments.split_first().context("osnadmin needs an action")?;
        let tls = self.orderer_tls();
        let file = |name: &str| tls.join(name).display().to_string();
        // A process listens there for this machine alone.
        let host = match self.pods() {
            None => "localhost".to_owned(),
            Some(_) => self.orderer_host(),
        };
        let admin = format!("{host}:{}", self.ports.orderer_admin());
        run(Command::new(self.programs.join("osnadmin"))
            .args(["channel", action, "--orderer-address", &admin])
            .args(["--ca-file", &file("ca.crt")])
            .args(["--client-cert", &file("server.crt")])
            .args(["--client-key", &file("server.key")])
            .args(rest))
    }
}
