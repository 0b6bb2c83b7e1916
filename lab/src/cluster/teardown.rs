//! Taking the cluster away without a trace, whatever state it is in: nothing
//! here asks a program of the lab for help, so it also works after a kill -9.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::mount::{UnmountFlags, unmount};

use super::node::{BRIDGES, Node};
use super::{CGROUP, NODE, state_folder};
use crate::cache::remove;
use crate::command::run;
use crate::machine;
use crate::processes::{self, Process};

/// The number of attempts to remove a cgroup: it is busy until the kernel has reaped its last process.
const CGROUP_ROUNDS: u32 = 100;
/// The pause between two tries.
const CGROUP_PAUSE: Duration = Duration::from_millis(50);
/// The settings of the kernel that kube-proxy and the CNI plugins change.
const SYSCTLS: [&str; 3] = [
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv6/conf/all/forwarding",
];
/// The prefixes of the chains of kube-proxy, the kubelet, the CNI plugins and the lab itself.
const CHAINS: [&str; 3] = ["KUBE-", "CNI-", "CHAINPOD-"];

/// The tools of the two families of iptables rules, without `-save` and `-restore`.
const FAMILIES: [&str; 2] = ["iptables", "ip6tables"];

/// Ends the cluster. The caller holds the lock.
///
/// # Errors
/// Returns an error if a part of it cannot be ended or removed.
pub(crate) fn clear() -> Result<()> {
    let run = state_folder()?;
    processes::kill_all(|| pids(&run, CGROUP))?;
    unmount_below(&run)?;
    for bridge in bridges() {
        delete_bridge(&bridge)?;
    }
    for family in FAMILIES {
        remove_chains(family, &run)?;
    }
    remove_cgroups(CGROUP)?;
    restore_sysctls(&run)?;
    machine::remove_host(NODE)?;
    remove(&run)
}

/// Ends a further node. The rules about its Pods are removed by kube-proxy and by `down`.
pub(super) fn clear_node(node: &Node) -> Result<()> {
    clear_part(&node.folder, &node.cgroup())?;
    delete_bridge(&node.bridge())
}

/// Ends what is below that folder or in that cgroup.
pub(super) fn kill_part(folder: &Path, cgroup: &str) -> Result<()> {
    processes::kill_all(|| pids(folder, cgroup))
}

/// Ends what is below that folder or in that cgroup, and removes both.
pub(super) fn clear_part(folder: &Path, cgroup: &str) -> Result<()> {
    kill_part(folder, cgroup)?;
    unmount_below(folder)?;
    remove_cgroups(cgroup)?;
    remove(folder)
}

/// Returns the marked processes, and those in our cgroups: the Pods' programs.
fn pids(run: &Path, cgroup: &str) -> Result<Vec<i32>> {
    let mut pids: BTreeSet<i32> = processes::of(run)?.iter().map(|process| process.pid).collect();
    for cgroup in cgroups(cgroup) {
        collect_pids(&cgroup, &mut pids);
    }
    Ok(pids.into_iter().collect())
}

fn collect_pids(cgroup: &Path, pids: &mut BTreeSet<i32>) {
    let listed = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap_or_default();
    pids.extend(listed.lines().filter_map(|pid| pid.parse::<i32>().ok()));
    for child in subfolders(cgroup) {
        collect_pids(&child, pids);
    }
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

/// The cgroup of that name in each hierarchy that has it.
fn cgroups(name: &str) -> Vec<PathBuf> {
    hierarchies()
        .into_iter()
        .map(|hierarchy| hierarchy.join(name))
        .filter(|cgroup| cgroup.exists())
        .collect()
}

/// The hierarchies of cgroup v1, or the one of v2.
fn hierarchies() -> Vec<PathBuf> {
    let root = PathBuf::from("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        vec![root]
    } else {
        subfolders(&root)
    }
}

/// Makes the cgroup of that name in every hierarchy: the kubelet wants it there.
pub(super) fn make_cgroups(name: &str) -> Result<()> {
    for hierarchy in hierarchies() {
        let cgroup = hierarchy.join(name);
        fs::create_dir_all(&cgroup).with_context(|| format!("cannot make {}", cgroup.display()))?;
        for file in ["cpuset.cpus", "cpuset.mems"] {
            if let Ok(value) = fs::read(hierarchy.join(file))
                && hierarchy.join("cpuset.sched_load_balance").exists()
            {
                fs::write(cgroup.join(file), value)?;
            }
        }
    }
    Ok(())
}

fn remove_cgroups(name: &str) -> Result<()> {
    for cgroup in cgroups(name) {
        remove_cgroup(&cgroup).with_context(|| format!("cannot remove {}", cgroup.display()))?;
    }
    Ok(())
}

fn remove_cgroup(cgroup: &Path) -> std::io::Result<()> {
    for child in subfolders(cgroup) {
        remove_cgroup(&child)?;
    }
    // The kernel may still be letting go of a process that has ended.
    for _ in 0..CGROUP_ROUNDS {
        match fs::remove_dir(cgroup) {
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::BUSY.raw_os_error()) => {
                std::thread::sleep(CGROUP_PAUSE);
            }
            outcome => return outcome,
        }
    }
    fs::remove_dir(cgroup)
}

fn unmount_below(run: &Path) -> Result<()> {
    for target in mounts_below(run)?.into_iter().rev() {
        unmount(&target, UnmountFlags::DETACH).with_context(|| format!("cannot unmount {target}"))?;
    }
    Ok(())
}

fn mounts_below(run: &Path) -> Result<Vec<String>> {
    let prefix = format!("{}/", run.display());
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let targets = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .map(|path| path.replace("\\040", " "));
    Ok(targets.filter(|target| target.starts_with(&prefix)).collect())
}

/// The bridges of all nodes.
fn bridges() -> Vec<String> {
    let links = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    let names = links.map(|link| link.file_name().to_string_lossy().into_owned());
    let is_ours = |name: &String| {
        name.strip_prefix(BRIDGES)
            .is_some_and(|index| index.parse::<u16>().is_ok())
    };
    names.filter(is_ours).collect()
}

/// Deletes a bridge and the interfaces of Pods at it: what a Pod's connections had still to send keeps its
/// network for a while after its programs.
fn delete_bridge(bridge: &str) -> Result<()> {
    let ports = interface(bridge).join("brif");
    for port in fs::read_dir(ports).into_iter().flatten().flatten() {
        delete_interface(&port.file_name().to_string_lossy())?;
    }
    delete_interface(bridge)
}

fn interface(name: &str) -> PathBuf {
    Path::new("/sys/class/net").join(name)
}

/// Deletes an interface, if the kernel has not done so already.
fn delete_interface(name: &str) -> Result<()> {
    if !interface(name).exists() {
        return Ok(());
    }
    match run(Command::new("ip").args(["link", "delete", name])) {
        Err(error) if interface(name).exists() => Err(error),
        _ => Ok(()),
    }
}

/// Takes our chains and the rules that lead to them out of all tables at once, but those that were
/// there before: another cluster's have the same names.
fn remove_chains(family: &str, run_folder: &Path) -> Result<()> {
    let save = format!("{family}-save");
    let Ok(saved) = run(&mut Command::new(&save)) else {
        return Ok(());
    };
    let before = fs::read_to_string(run_folder.join(family)).unwrap_or_default();
    let ours = |line: &&str| {
        CHAINS.iter().any(|chain| line.contains(chain)) && !before.lines().any(|known| known == *line)
    };
    if !saved.lines().any(|line| ours(&line)) {
        return Ok(());
    }
    let kept: String = saved
        .lines()
        .filter(|line| !ours(line))
        .fold(String::new(), |mut kept, line| {
            let _ = writeln!(kept, "{line}");
            kept
        });
    let mut restore = Command::new(format!("{family}-restore"))
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = restore.stdin.take() {
        input.write_all(kept.as_bytes())?;
    }
    if !restore.wait()?.success() {
        bail!("{family}-restore failed; {save} shows what is left");
    }
    Ok(())
}

/// Keeps the kernel's settings and the iptables rules as they are now, for `down`.
pub(super) fn remember(run_folder: &Path) -> Result<()> {
    for name in SYSCTLS {
        if let Ok(value) = fs::read(Path::new("/proc/sys").join(name)) {
            fs::write(
                run_folder.join(format!("sysctl-{}", name.replace('/', "."))),
                value,
            )?;
        }
    }
    for family in FAMILIES {
        let saved = run(&mut Command::new(format!("{family}-save"))).unwrap_or_default();
        fs::write(run_folder.join(family), saved)?;
    }
    Ok(())
}

fn restore_sysctls(run: &Path) -> Result<()> {
    for name in SYSCTLS {
        if let Ok(value) = fs::read(run.join(format!("sysctl-{}", name.replace('/', ".")))) {
            fs::write(Path::new("/proc/sys").join(name), value)
                .with_context(|| format!("cannot set {name}"))?;
        }
    }
    Ok(())
}

/// Returns everything that a lab leaves on a machine, as text to compare: its processes, mounts, interfaces,
/// network namespaces, cgroups, names and iptables rules.
///
/// # Errors
/// Returns an error if one of them cannot be read.
pub fn trace() -> Result<String> {
    let mut text = String::new();
    for Process { pid, command, .. } in processes::status()? {
        writeln!(text, "process {pid} {command}")?;
    }
    for mount in fs::read_to_string("/proc/self/mounts")?.lines() {
        writeln!(text, "mount {mount}")?;
    }
    for folder in ["/sys/class/net", "/run/netns", "/sys/fs/cgroup"] {
        let mut names: Vec<_> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        names.sort();
        writeln!(text, "{folder} {names:?}")?;
    }
    for hierarchy in hierarchies() {
        let mut names = subfolders(&hierarchy);
        names.sort();
        writeln!(text, "cgroups {names:?}")?;
    }
    writeln!(text, "hosts {}", fs::read_to_string("/etc/hosts")?)?;
    for save in ["iptables-save", "ip6tables-save"] {
        // Counters and built-in chains say nothing of what was left.
        let saved = run(&mut Command::new(save)).unwrap_or_default();
        for line in saved
            .lines()
            .filter(|line| line.starts_with("-A") || (line.starts_with(':') && line.contains(" - ")))
        {
            writeln!(text, "{save} {line}")?;
        }
    }
    Ok(text)
}
