//! Debian's Docker daemon next to the cluster, for comparisons. It has the lab's images and no network of its
//! own, so its containers use the host's.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{CGROUP, Cluster, teardown};
use crate::docker::Docker;
use crate::progress::Progress;
use crate::{images, machine, processes};

/// The Debian packages that it needs in addition to its own. Its own is unpacked and not installed: an
/// installed daemon would be started at the machine's next start.
const NEEDS: [&str; 2] = ["containerd", "libdevmapper1.02.1"];
const PACKAGE: &str = "docker.io";

/// A running dockerd. It is ended, with all that it runs and has, when it is dropped.
pub struct Dockerd {
    folder: PathBuf,
    address: SocketAddr,
}

impl Dockerd {
    /// Starts it and loads the lab's images.
    ///
    /// # Errors
    /// Returns apt-get's error, or the daemon's. The daemon's log is in the lab's state folder.
    pub fn start(cluster: &Cluster, progress: &Progress) -> Result<Self> {
        let programs = progress.step("getting Debian's docker.io", programs)?;
        let archive = images::build(progress)?;
        let dockerd = Self {
            folder: cluster.run.join("dockerd"),
            address: machine::free_port()?,
        };
        progress.step("starting dockerd and loading the images", || {
            teardown::make_cgroups(&cgroup())?;
            dockerd.run(&programs)?;
            cluster.wait_for("dockerd", || dockerd.api().is_up())?;
            dockerd.api().load(&archive)
        })?;
        Ok(dockerd)
    }

    fn run(&self, programs: &Path) -> Result<()> {
        let below = |name: &str| self.folder.join(name).display().to_string();
        fs::create_dir_all(&self.folder)?;
        let arguments = [
            format!("--data-root={}", below("data")),
            format!("--exec-root={}", below("exec")),
            format!("--pidfile={}", below("pid")),
            format!("--host=tcp://{}", self.address),
            format!("--cgroup-parent=/{}", cgroup()),
            "--exec-opt=native.cgroupdriver=cgroupfs".to_owned(),
            "--bridge=none".to_owned(),
            "--iptables=false".to_owned(),
        ];
        let path = std::env::var("PATH").unwrap_or_default();
        let environment = [("PATH", format!("{}:/usr/bin:{path}", programs.display()))];
        processes::start(
            "dockerd",
            &self.folder,
            &programs.join("dockerd"),
            &arguments,
            &environment,
        )
    }

    /// The endpoint for `CORE_VM_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("tcp://{}", self.address)
    }

    /// Docker's API there.
    #[must_use]
    pub fn api(&self) -> Docker {
        Docker::new(self.address)
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        if let Err(error) = teardown::clear_part(&self.folder, &cgroup()) {
            eprintln!("dockerd left something behind, which `lab down` removes: {error:#}");
        }
    }
}

fn cgroup() -> String {
    format!("{CGROUP}/dockerd")
}

/// Returns the folder of dockerd, from Debian's package.
fn programs() -> Result<PathBuf> {
    machine::ensure_installed(&NEEDS)?;
    Ok(machine::unpacked(PACKAGE)?.join("usr/sbin"))
}
