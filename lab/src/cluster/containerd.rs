//! containerd's root directory with the lab's images unpacked in it: made once
//! and kept in the cache, then linked, not copied, into each run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::runtime::Runtime;
use super::{ctr, state_folder};
use crate::cache::{self, Inputs};
use crate::command::{await_true, run};
use crate::processes;

/// The part of a root that is blobs only, never changed.
const CONTENT: &str = "io.containerd.content.v1.content";
/// The part with the unpacked layers below `snapshots`: overlays do not change what is below them.
const SNAPSHOTTER: &str = "io.containerd.snapshotter.v1.overlayfs";
const SNAPSHOTS: &str = "snapshots";

/// Returns a root folder with the images of `archive`, made by the containerd in `programs`.
///
/// # Errors
/// Returns containerd's error.
pub(super) fn root_with_images(runtime: Runtime, programs: &Path, archive: &Path) -> Result<PathBuf> {
    let inputs = Inputs::default()
        .text(&programs.display().to_string())
        .text(&archive.display().to_string());
    cache::artefact("containerd-root", inputs, |out| {
        fill(runtime, programs, archive, out)
    })
}

fn fill(runtime: Runtime, programs: &Path, archive: &Path, root: &Path) -> Result<()> {
    // Below the state folder, where `down` looks for mounts if this is killed.
    let state = state_folder()?.join("unpacking");
    fs::create_dir_all(&state)?;
    let (socket, file) = (state.join("socket"), state.join("config.toml"));
    fs::write(&file, runtime.config(root, &state, &socket))?;
    let mut containerd = Command::new(programs.join("containerd"));
    let mut containerd = processes::mark(&mut containerd, &state_folder()?)
        .arg("--config")
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start containerd")?;
    let imported = await_true("containerd", || ctr(programs, &socket, &["version"]).is_ok())
        .and_then(|()| import(programs, &socket, archive));
    end(&mut containerd)?;
    fs::remove_dir_all(state)?;
    imported
}

/// Loads an archive of images.
///
/// # Errors
/// Returns containerd's error.
pub(super) fn import(programs: &Path, socket: &Path, archive: &Path) -> Result<()> {
    let archive = archive.display().to_string();
    let arguments = ["-n", "k8s.io", "images", "import", "--all-platforms", &archive];
    ctr(programs, socket, &arguments).map(drop)
}

/// Ends it in its own time: what it has written must be whole.
fn end(containerd: &mut Child) -> Result<()> {
    let pid = Pid::from_child(containerd);
    kill_process(pid, Signal::TERM)?;
    let status = containerd.wait()?;
    if status.success() {
        Ok(())
    } else {
        bail!("containerd ended with {status}")
    }
}

/// Makes `to` a root like `from`: what is never changed is linked, databases are copied.
pub(super) fn link(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.join(SNAPSHOTTER))?;
    let copy = |path: &Path, flags: &str| {
        let to = to.join(path.parent().unwrap_or(Path::new("")));
        run(Command::new("cp").arg(flags).arg(from.join(path)).arg(to)).map(drop)
    };
    for entry in fs::read_dir(from)? {
        let name = PathBuf::from(entry?.file_name());
        if name == Path::new(CONTENT) {
            copy(&name, "-al")?;
        } else if name != Path::new(SNAPSHOTTER) {
            copy(&name, "-a")?;
        }
    }
    for entry in fs::read_dir(from.join(SNAPSHOTTER))? {
        let name = entry?.file_name();
        let flags = if name == SNAPSHOTS { "-al" } else { "-a" };
        copy(&Path::new(SNAPSHOTTER).join(name), flags)?;
    }
    Ok(())
}
