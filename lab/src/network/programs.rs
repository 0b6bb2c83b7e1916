//! A network's programs: how they are started and stopped as processes, and their
//! environment, from which Fabric reads its settings.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::Network;
use crate::command::await_true;
use crate::processes;

/// The time limit for a peer to exit after SIGTERM.
const PEER_STOP_LIMIT: Duration = Duration::from_secs(10);

/// Environment variables with their values.
pub(super) type Environment<'a> = Vec<(&'a str, String)>;

fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn on() -> String {
    true.to_string()
}

impl Network {
    pub(super) fn start_orderer(&self) -> Result<()> {
        if let Some(pods) = self.pods() {
            return pods.start_orderer();
        }
        self.start(
            "orderer",
            &[],
            &self.folder,
            &self.orderer_environment(),
            self.ports.orderer,
        )
    }

    /// Starts the peer, which must not run.
    ///
    /// # Errors
    /// Returns an error if it does not listen in time.
    pub fn start_peer(&self) -> Result<()> {
        if let Some(pods) = self.pods() {
            return pods.start_peer();
        }
        let environment = self.peer_environment();
        let port = self.ports.peer(self.peer);
        self.start(
            "peer",
            &["node", "start"],
            &self.peer_folder(),
            &environment,
            port,
        )
    }

    /// Starts a program of `folder`, and waits until it listens on `port`.
    fn start(
        &self,
        name: &str,
        arguments: &[&str],
        folder: &Path,
        environment: &[(&str, String)],
        port: u16,
    ) -> Result<()> {
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let program = self.programs.join(name);
        processes::start(name, folder, &program, &arguments, environment)?;
        let log = folder.join("logs").join(name).with_extension("log");
        await_true(&format!("the {name}"), || listens(port))
            .with_context(|| format!("its log is {}", log.display()))
    }

    /// Stops the peer, as a user would, and kills it if it does not end in time.
    ///
    /// # Errors
    /// Returns an error if it cannot be killed.
    pub fn stop_peer(&self) -> Result<()> {
        if let Some(pods) = self.pods() {
            return pods.stop_peer();
        }
        processes::end_all(PEER_STOP_LIMIT, || {
            let peers = processes::of(&self.peer_folder())?;
            Ok(peers.iter().map(|process| process.pid).collect())
        })?;
        // The next one must not be taken for it.
        await_true("the end of the peer's listener", || {
            !listens(self.ports.peer(self.peer))
        })
    }

    /// Returns the folder of this peer alone. The peer's processes are marked with it.
    pub(super) fn peer_folder(&self) -> PathBuf {
        self.folder.join("peers").join(self.peer.to_string())
    }

    pub(super) fn orderer_environment(&self) -> Environment<'static> {
        let (identity, tls) = (self.orderer_identity(), self.orderer_tls());
        let (certificate, key, ca) = (
            path(&tls.join("server.crt")),
            path(&tls.join("server.key")),
            path(&tls.join("ca.crt")),
        );
        let ledger = self.folder.join("orderer");
        let (ports, channels) = (self.ports, self.options.fabric.release().channels);
        let block = path(&self.first_block());
        vec![
            ("FABRIC_CFG_PATH", path(&self.config_folder())),
            ("ORDERER_GENERAL_LISTENADDRESS", "0.0.0.0".to_owned()),
            ("ORDERER_GENERAL_LISTENPORT", ports.orderer.to_string()),
            ("ORDERER_GENERAL_LOCALMSPID", "OrdererMSP".to_owned()),
            ("ORDERER_GENERAL_LOCALMSPDIR", path(&identity.join("msp"))),
            (
                "ORDERER_GENERAL_BOOTSTRAPMETHOD",
                channels.bootstrap_method().to_owned(),
            ),
            ("ORDERER_GENERAL_BOOTSTRAPFILE", block.clone()),
            // What 1.4 calls them.
            (
                "ORDERER_GENERAL_GENESISMETHOD",
                channels.bootstrap_method().to_owned(),
            ),
            ("ORDERER_GENERAL_GENESISFILE", block),
            ("ORDERER_GENERAL_TLS_ENABLED", self.options.tls.to_string()),
            ("ORDERER_GENERAL_TLS_CERTIFICATE", certificate.clone()),
            ("ORDERER_GENERAL_TLS_PRIVATEKEY", key.clone()),
            ("ORDERER_GENERAL_TLS_ROOTCAS", format!("[{ca}]")),
            // Raft wants TLS in any case: so it has a listener of its own.
            ("ORDERER_GENERAL_CLUSTER_LISTENADDRESS", "127.0.0.1".to_owned()),
            (
                "ORDERER_GENERAL_CLUSTER_LISTENPORT",
                ports.orderer_cluster().to_string(),
            ),
            ("ORDERER_GENERAL_CLUSTER_SERVERCERTIFICATE", certificate.clone()),
            ("ORDERER_GENERAL_CLUSTER_SERVERPRIVATEKEY", key.clone()),
            ("ORDERER_GENERAL_CLUSTER_CLIENTCERTIFICATE", certificate.clone()),
            ("ORDERER_GENERAL_CLUSTER_CLIENTPRIVATEKEY", key.clone()),
            ("ORDERER_GENERAL_CLUSTER_ROOTCAS", format!("[{ca}]")),
            ("ORDERER_CHANNELPARTICIPATION_ENABLED", on()),
            (
                "ORDERER_ADMIN_LISTENADDRESS",
                format!("{}:{}", self.admin_address(), ports.orderer_admin()),
            ),
            ("ORDERER_ADMIN_TLS_ENABLED", on()),
            ("ORDERER_ADMIN_TLS_CERTIFICATE", certificate),
            ("ORDERER_ADMIN_TLS_PRIVATEKEY", key),
            ("ORDERER_ADMIN_TLS_CLIENTROOTCAS", format!("[{ca}]")),
            ("ORDERER_OPERATIONS_LISTENADDRESS", "127.0.0.1:0".to_owned()),
            ("ORDERER_FILELEDGER_LOCATION", path(&ledger)),
            ("ORDERER_CONSENSUS_WALDIR", path(&ledger.join("wal"))),
            ("ORDERER_CONSENSUS_SNAPDIR", path(&ledger.join("snapshots"))),
        ]
    }

    pub(super) fn peer_environment(&self) -> Environment<'_> {
        let (identity, ledger) = (self.peer_identity(), self.peer_folder().join("ledger"));
        let (listen, chaincode) = (self.ports.peer(self.peer), self.ports.chaincode(self.peer));
        let mut environment: Environment<'_> = self.client_environment();
        environment.extend([
            ("CORE_PEER_ID", self.peer_host()),
            ("CORE_PEER_NETWORKID", self.options.name.clone()),
            ("CORE_PEER_LISTENADDRESS", format!("0.0.0.0:{listen}")),
            ("CORE_PEER_CHAINCODELISTENADDRESS", format!("0.0.0.0:{chaincode}")),
            (
                "CORE_PEER_CHAINCODEADDRESS",
                format!("{}:{chaincode}", self.peer_host()),
            ),
            // An organisation's approvals are private: its peers tell them each other.
            ("CORE_PEER_GOSSIP_BOOTSTRAP", self.first().peer_address()),
            ("CORE_PEER_GOSSIP_EXTERNALENDPOINT", self.peer_address()),
            // Every peer asks the orderer for blocks: no election to wait for.
            ("CORE_PEER_GOSSIP_USELEADERELECTION", false.to_string()),
            ("CORE_PEER_GOSSIP_ORGLEADER", on()),
            ("CORE_PEER_MSPCONFIGPATH", path(&identity.join("msp"))),
            ("CORE_PEER_TLS_CERT_FILE", path(&identity.join("tls/server.crt"))),
            ("CORE_PEER_TLS_KEY_FILE", path(&identity.join("tls/server.key"))),
            ("CORE_PEER_FILESYSTEMPATH", path(&ledger)),
            ("CORE_LEDGER_SNAPSHOTS_ROOTDIR", path(&ledger.join("snapshots"))),
            ("CORE_OPERATIONS_LISTENADDRESS", "127.0.0.1:0".to_owned()),
            ("CORE_VM_ENDPOINT", self.options.docker_endpoint.clone()),
            // The chaincode's output appears in the peer's log.
            ("CORE_VM_DOCKER_ATTACHSTDOUT", on()),
        ]);
        if let Some(tls) = &self.options.docker_tls {
            environment.extend([
                ("CORE_VM_DOCKER_TLS_ENABLED", on()),
                ("CORE_VM_DOCKER_TLS_CA_FILE", path(&tls.ca())),
                ("CORE_VM_DOCKER_TLS_CERT_FILE", path(&tls.client_certificate())),
                ("CORE_VM_DOCKER_TLS_KEY_FILE", path(&tls.client_key())),
            ]);
        }
        // What is asked for wins.
        let more = self.options.env.iter();
        environment.extend(more.map(|(name, value)| (name.as_str(), value.clone())));
        environment
    }

    /// For the peer's command line, as Org1's admin.
    pub(super) fn admin_environment(&self) -> Environment<'static> {
        let admin = format!("users/Admin@org1.{}/msp", self.domain());
        let mut environment = self.client_environment();
        environment.push(("CORE_PEER_MSPCONFIGPATH", path(&self.organization().join(admin))));
        environment
    }

    fn client_environment(&self) -> Environment<'static> {
        vec![
            ("FABRIC_CFG_PATH", path(&self.config_folder())),
            ("CORE_PEER_ADDRESS", self.peer_address()),
            ("CORE_PEER_LOCALMSPID", "Org1MSP".to_owned()),
            ("CORE_PEER_TLS_ENABLED", self.options.tls.to_string()),
            (
                "CORE_PEER_TLS_ROOTCERT_FILE",
                path(&self.peer_identity().join("tls/ca.crt")),
            ),
        ]
    }

    /// A Pod's Service sends calls to the Pod's own address.
    const fn admin_address(&self) -> &'static str {
        match self.options.namespace {
            None => "127.0.0.1",
            Some(_) => "0.0.0.0",
        }
    }

    fn first(&self) -> Self {
        Self {
            peer: 0,
            ..self.clone()
        }
    }

    fn peer_address(&self) -> String {
        format!("{}:{}", self.peer_host(), self.ports.peer(self.peer))
    }
}
