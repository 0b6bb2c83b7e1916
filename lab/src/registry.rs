//! A registry of images on this machine, Debian's: what the lab's nodes pull
//! from, with or without a password.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::command::run;
use crate::{images, machine};

/// Unpacked and not installed: an installed one would be started at the machine's next start.
const PACKAGE: &str = "docker-registry";
/// The time limit for the registry to listen.
const LISTEN_LIMIT: Duration = Duration::from_secs(10);
/// The only user of a registry that needs a password.
const USER: &str = "lab";
/// The password of the only user.
pub const PASSWORD: &str = "lab";
/// The two as htpasswd keeps them (bcrypt).
const HTPASSWD: &str = "lab:$2y$05$chainpodlabchainpodlaOkeuHO0NgYMXOv2FuBCduuSV3XSlTgEa\n";

/// The access that a registry gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody pulls and pushes.
    Open,
    /// Whoever says the [`PASSWORD`].
    Password,
}

/// A running registry. It is ended, and what it has is removed, when it is dropped.
pub struct Registry {
    child: Child,
    folder: tempfile::TempDir,
    address: SocketAddr,
    access: Access,
}

impl Registry {
    /// Starts an empty registry on the loopback interface, where clients expect plain HTTP.
    ///
    /// # Errors
    /// Returns apt-get's error, or an error if the registry does not listen within 10 s.
    pub fn start(access: Access) -> Result<Self> {
        machine::ensure_installed(&["skopeo"])?;
        let program = machine::unpacked(PACKAGE)?.join("usr/bin/docker-registry");
        let folder = tempfile::tempdir()?;
        let address = machine::free_port()?;
        let config = folder.path().join("config.yml");
        fs::write(folder.path().join("htpasswd"), HTPASSWD)?;
        fs::write(&config, self::config(folder.path(), address, access).to_string())?;
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(&program)
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let mut registry = Self {
            child,
            folder,
            address,
            access,
        };
        registry.await_listening()?;
        Ok(registry)
    }

    /// The name of an image of it: `HOST:PORT/IMAGE`.
    #[must_use]
    pub fn name(&self, image: &str) -> String {
        format!("{}/{image}", self.address)
    }

    /// Puts an image into the registry: Debian's busybox with that `config` of an OCI image configuration.
    ///
    /// # Errors
    /// Returns skopeo's error.
    pub fn push(&self, image: &str, config: &Value) -> Result<()> {
        let name = self.name(image);
        let archive = self.folder.path().join("image.tar");
        images::write_busybox(&name, config, &archive)?;
        let mut copy = Command::new("skopeo");
        copy.args(["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"]);
        if self.access == Access::Password {
            copy.arg(format!("--dest-creds={USER}:{PASSWORD}"));
        }
        copy.arg(format!("oci-archive:{}:{name}", archive.display()))
            .arg(format!("docker://{name}"));
        run(&mut copy)
            .map(drop)
            .with_context(|| format!("cannot push {name}"))
    }

    /// Docker's `config.json` of a user who says that password.
    #[must_use]
    pub fn docker_config(&self, password: &str) -> String {
        let entry = json!({"username": USER, "password": password});
        json!({"auths": {self.address.to_string(): entry}}).to_string()
    }

    /// Returns its log, which has a line for each request.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn await_listening(&mut self) -> Result<()> {
        let deadline = Instant::now() + LISTEN_LIMIT;
        while TcpStream::connect(self.address).is_err() {
            if self.child.try_wait()?.is_some() || Instant::now() > deadline {
                bail!(
                    "the registry does not listen on {}:\n{}",
                    self.address,
                    self.log()
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Its configuration. JSON is YAML too.
fn config(folder: &Path, address: SocketAddr, access: Access) -> Value {
    let below = |name: &str| -> PathBuf { folder.join(name) };
    let mut config = json!({
        "version": 0.1,
        "log": {"accesslog": {"disabled": false}},
        "storage": {"filesystem": {"rootdirectory": below("images")}},
        "http": {"addr": address.to_string()},
    });
    if access == Access::Password {
        config["auth"] = json!({"htpasswd": {"realm": "lab", "path": below("htpasswd")}});
    }
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_registry_asks_for_a_password() {
        let of = |access| config(Path::new("/r"), ([127, 0, 0, 1], 5000).into(), access);
        assert_eq!(of(Access::Open)["auth"], Value::Null);
        assert_eq!(of(Access::Password)["auth"]["htpasswd"]["path"], "/r/htpasswd");
        assert_eq!(of(Access::Open)["http"]["addr"], "127.0.0.1:5000");
    }
}
