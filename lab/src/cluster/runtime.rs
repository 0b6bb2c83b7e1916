//! The container runtimes of a node: the lab's own containerd, or Debian's, which is older.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::PAUSE_IMAGE;
use super::modules::CONTAINERD;
use crate::machine;

/// A container runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Runtime {
    /// containerd 2, the lab's own.
    Containerd2,
    /// containerd 1.6, Debian's: it cannot mount images as volumes.
    Containerd1,
}

impl Runtime {
    /// Returns the folder of its programs. They are built or installed if they are missing.
    pub(super) fn programs(self) -> Result<PathBuf> {
        match self {
            Self::Containerd2 => CONTAINERD.build(),
            Self::Containerd1 => {
                machine::ensure_installed(&["containerd"])?;
                Ok(PathBuf::from("/usr/bin"))
            }
        }
    }

    /// containerd's configuration. `restrict_oom_score_adj`: a machine without `CAP_SYS_RESOURCE`
    /// cannot lower it, and every sandbox would die.
    pub(super) fn config(self, root: &Path, state: &Path, socket: &Path) -> String {
        let template = match self {
            Self::Containerd2 => VERSION_3,
            Self::Containerd1 => VERSION_2,
        };
        let state_of_its_own = state.join("containerd-state");
        template
            .replace("CNI", &state.join("config/cni").display().to_string())
            .replace("ROOT", &root.display().to_string())
            .replace("STATE", &state_of_its_own.display().to_string())
            .replace("SOCKET", &socket.display().to_string())
            .replace("PAUSE", PAUSE_IMAGE)
    }
}

const VERSION_3: &str = r#"version = 3
root = "ROOT"
state = "STATE"
temp = "STATE/temp"
disabled_plugins = ["io.containerd.nri.v1.nri"]

[grpc]
address = "SOCKET"

[ttrpc]
address = "SOCKET.ttrpc"

[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "PAUSE"

[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "CNI"
"#;

const VERSION_2: &str = r#"version = 2
root = "ROOT"
state = "STATE"
temp = "STATE/temp"

[grpc]
address = "SOCKET"

[ttrpc]
address = "SOCKET.ttrpc"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "PAUSE"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "CNI"
"#;
