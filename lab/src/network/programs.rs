//! A network's programs: how they are started and stopped, and their environment,
//! from which Fabric reads its settings.

use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Network;
use crate::cluster::await_true;
use crate::processes;

/// How long a peer may take to end after SIGTERM.
const PEER_STOP_LIMIT: Duration = Duration::from_secs(10);

/// Environment variables with their values.
type Environment = Vec<(&'static str, String)>;

fn path(path: &Path) -> String {
    path.display().to_string()
}

fn on() -> String {
    true.to_string()
}

impl Network {
    pub(super) fn start_orderer(&self) -> Result<()> {
        processes::start(
            "orderer",
            &self.folder,
            &self.programs.join("orderer"),
            &[],
            &self.orderer_environment(),
        )?;
        self.await_log("orderer", || self.osnadmin(&["list"]).is_ok())
    }

    /// Starts the peer, which must not run.
    ///
    /// # Errors
    /// When it does not listen in time.
    pub fn start_peer(&self) -> Result<()> {
        let arguments = ["node", "start"].map(str::to_owned);
        processes::start(
            "peer",
            &self.folder,
            &self.programs.join("peer"),
            &arguments,
            &self.peer_environment(),
        )?;
        self.await_log("peer", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.ports.peer)).is_ok()
        })
    }

    /// Stops the peer, as a user would; kills it where it does not end in time.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn stop_peer(&self) -> Result<()> {
        let peers = || -> Result<Vec<i32>> {
            let all = processes::of(&self.folder)?.into_iter();
            let peers = all.filter(|process| process.command.ends_with("peer node start"));
            Ok(peers.map(|process| process.pid).collect())
        };
        processes::end_all(PEER_STOP_LIMIT, peers)
    }

    fn await_log(&self, name: &str, ready: impl FnMut() -> bool) -> Result<()> {
        let log = self.folder.join("logs").join(name).with_extension("log");
        await_true(&format!("the {name}"), ready).with_context(|| format!("its log is {}", log.display()))
    }

    fn orderer_environment(&self) -> Environment {
        let (identity, tls) = (self.orderer_identity(), self.orderer_tls());
        let (certificate, key, ca) = (
            path(&tls.join("server.crt")),
            path(&tls.join("server.key")),
            path(&tls.join("ca.crt")),
        );
        let ledger = self.folder.join("orderer");
        vec![
            ("FABRIC_CFG_PATH", path(&self.config_folder())),
            ("ORDERER_GENERAL_LISTENADDRESS", "0.0.0.0".to_owned()),
            ("ORDERER_GENERAL_LISTENPORT", self.ports.orderer.to_string()),
            ("ORDERER_GENERAL_LOCALMSPID", "OrdererMSP".to_owned()),
            ("ORDERER_GENERAL_LOCALMSPDIR", path(&identity.join("msp"))),
            ("ORDERER_GENERAL_BOOTSTRAPMETHOD", "none".to_owned()),
            ("ORDERER_GENERAL_TLS_ENABLED", on()),
            ("ORDERER_GENERAL_TLS_CERTIFICATE", certificate.clone()),
            ("ORDERER_GENERAL_TLS_PRIVATEKEY", key.clone()),
            ("ORDERER_GENERAL_TLS_ROOTCAS", format!("[{ca}]")),
            ("ORDERER_CHANNELPARTICIPATION_ENABLED", on()),
            (
                "ORDERER_ADMIN_LISTENADDRESS",
                format!("127.0.0.1:{}", self.ports.orderer_admin),
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

    fn peer_environment(&self) -> Environment {
        let (identity, ledger) = (self.peer_identity(), self.folder.join("peer"));
        let chaincode = self.ports.chaincode;
        let mut environment = self.client_environment();
        environment.extend([
            ("CORE_PEER_ID", self.peer_host()),
            ("CORE_PEER_NETWORKID", self.name.clone()),
            ("CORE_PEER_LISTENADDRESS", format!("0.0.0.0:{}", self.ports.peer)),
            ("CORE_PEER_CHAINCODELISTENADDRESS", format!("0.0.0.0:{chaincode}")),
            (
                "CORE_PEER_CHAINCODEADDRESS",
                format!("{}:{chaincode}", self.peer_host()),
            ),
            ("CORE_PEER_GOSSIP_BOOTSTRAP", self.peer_address()),
            ("CORE_PEER_GOSSIP_EXTERNALENDPOINT", self.peer_address()),
            ("CORE_PEER_MSPCONFIGPATH", path(&identity.join("msp"))),
            ("CORE_PEER_TLS_CERT_FILE", path(&identity.join("tls/server.crt"))),
            ("CORE_PEER_TLS_KEY_FILE", path(&identity.join("tls/server.key"))),
            ("CORE_PEER_FILESYSTEMPATH", path(&ledger)),
            ("CORE_LEDGER_SNAPSHOTS_ROOTDIR", path(&ledger.join("snapshots"))),
            ("CORE_OPERATIONS_LISTENADDRESS", "127.0.0.1:0".to_owned()),
            ("CORE_VM_ENDPOINT", self.docker_endpoint.clone()),
            // The chaincode's output appears in the peer's log.
            ("CORE_VM_DOCKER_ATTACHSTDOUT", on()),
        ]);
        environment
    }

    /// For the peer's command line, as Org1's admin.
    pub(super) fn admin_environment(&self) -> Environment {
        let admin = format!("users/Admin@org1.{}/msp", self.domain());
        let mut environment = self.client_environment();
        environment.push(("CORE_PEER_MSPCONFIGPATH", path(&self.organization().join(admin))));
        environment
    }

    fn client_environment(&self) -> Environment {
        vec![
            ("FABRIC_CFG_PATH", path(&self.config_folder())),
            ("CORE_PEER_ADDRESS", self.peer_address()),
            ("CORE_PEER_LOCALMSPID", "Org1MSP".to_owned()),
            ("CORE_PEER_TLS_ENABLED", on()),
            (
                "CORE_PEER_TLS_ROOTCERT_FILE",
                path(&self.peer_identity().join("tls/ca.crt")),
            ),
        ]
    }

    fn peer_address(&self) -> String {
        format!("{}:{}", self.peer_host(), self.ports.peer)
    }
}
