//! An object storage on this machine that speaks S3: versitygw, over a folder.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cluster::Cluster;
use crate::gate::Gate;
use crate::go_build::GoModule;
use crate::machine;

const VERSITYGW: GoModule = GoModule {
    name: "versitygw",
    folder: "versitygw",
    packages: &["github.com/versity/versitygw/cmd/versitygw"],
    ldflags: "-s -w",
    tags: "",
};
/// The time limit for the service to listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(10);
/// Its only user, and the password of it.
const USER: (&str, &str) = ("lab", "lab-secret");
/// The bucket that is there from the beginning.
const BUCKET: &str = "images";

/// A running service with one bucket, behind a gate. It is ended, and what it has is removed, when it is
/// dropped.
pub struct Storage {
    child: Child,
    folder: tempfile::TempDir,
    gate: Gate,
}

impl Storage {
    /// Starts it on the loopback interface, over plain HTTP.
    ///
    /// # Errors
    /// Returns Go's error, or an error if the service does not listen within 10 s.
    pub fn start() -> Result<Self> {
        Self::start_at(Ipv4Addr::LOCALHOST.into())
    }

    /// Starts it where Pods reach it, at the node's address, over plain HTTP.
    ///
    /// # Errors
    /// Returns the errors of [`Self::start`].
    pub fn start_for_pods(cluster: &Cluster) -> Result<Self> {
        Self::start_at(cluster.node_ip())
    }

    fn start_at(host: IpAddr) -> Result<Self> {
        let program = VERSITYGW.build()?.join("versitygw");
        let folder = tempfile::tempdir()?;
        let buckets = folder.path().join("buckets");
        fs::create_dir_all(buckets.join(BUCKET))?;
        let address = machine::free_port()?;
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(&program)
            .args([
                "--port",
                &address.to_string(),
                "--access",
                USER.0,
                "--secret",
                USER.1,
            ])
            .arg("posix")
            .arg(buckets)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let gate = Gate::at(host, address)?;
        let mut storage = Self { child, folder, gate };
        storage.await_listening(address)?;
        Ok(storage)
    }

    /// The way to it, which can be shut.
    #[must_use]
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Returns the URL for clients.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.gate.address())
    }

    /// The name of its bucket.
    #[must_use]
    pub const fn bucket_name() -> &'static str {
        BUCKET
    }

    /// Its only user's access key: its id, and its secret.
    #[must_use]
    pub const fn access_key() -> (&'static str, &'static str) {
        USER
    }

    /// The bucket with that prefix, as `--store` has it.
    #[must_use]
    pub fn bucket(&self, prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}")
    }

    /// The folder that has the bucket's objects below that prefix.
    #[must_use]
    pub fn objects(&self, prefix: &str) -> PathBuf {
        self.folder.path().join("buckets").join(BUCKET).join(prefix)
    }

    /// The variables of the environment that whoever uses it needs.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", USER.0.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", USER.1.to_owned()),
        ]
    }

    fn await_listening(&mut self, address: SocketAddr) -> Result<()> {
        let deadline = Instant::now() + LISTEN_LIMIT;
        while TcpStream::connect(address).is_err() {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                let log = fs::read_to_string(self.folder.path().join("log"))?;
                bail!("the object storage does not listen on {address}:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
