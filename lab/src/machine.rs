//! The machine: what the lab needs of it, said before work starts, and the
//! lines that it writes into `/etc/hosts`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::progress::Progress;
use crate::{cache, go};

/// Debian's packages that the lab uses.
const PACKAGES: [&str; 9] = [
    "runc",
    "containernetworking-plugins",
    "iptables",
    "conntrack",
    "ethtool",
    "socat",
    "mmdebstrap",
    "busybox-static",
    "iproute2",
];
/// What a cold build writes, with room to spare.
const FREE_GIB: u64 = 10;
const HOSTS: &str = "/etc/hosts";
/// Ends each of our lines in `/etc/hosts`, with the owner's name behind it.
const HOSTS_MARK: &str = "# chainpod-lab";

/// Checks the machine, all at once, and installs Debian's packages that are missing.
///
/// # Errors
/// All that is missing, each with its remedy.
pub fn prepare(progress: &Progress, ports: &[u16]) -> Result<()> {
    let mut problems = Vec::new();
    if !rustix::process::geteuid().is_root() {
        problems.push("the lab makes mounts, cgroups and interfaces: run it as root".to_owned());
    }
    if go::go_version().is_err() {
        problems.push("go is not on the PATH: install Go 1.26 or later from https://go.dev/dl".to_owned());
    }
    let disk = rustix::fs::statvfs(&cache::root()?).context("cannot ask for free disk space")?;
    let free_gib = (disk.f_bavail * disk.f_frsize) >> 30;
    if free_gib < FREE_GIB {
        let root = cache::root()?;
        problems.push(format!(
            "{free_gib} GiB are free at {}, {FREE_GIB} are needed: free some, or set CHAINPOD_LAB_CACHE",
            root.display()
        ));
    }
    for port in ports {
        if let Err(error) = TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)) {
            problems.push(format!("port {port}: {error}; end what listens there (ss -ltnp)"));
        }
    }
    if !problems.is_empty() {
        bail!("the lab cannot start here:\n- {}", problems.join("\n- "));
    }
    let missing: Vec<_> = PACKAGES
        .into_iter()
        .filter(|package| version(package).is_none())
        .collect();
    if !missing.is_empty() {
        progress.step(&format!("installing {}", missing.join(" ")), || install(&missing))?;
    }
    Ok(())
}

/// The installed version of a Debian package.
#[must_use]
pub fn version(package: &str) -> Option<String> {
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status} ${Version}", package])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.strip_prefix("installed ").map(str::to_owned)
}

fn install(packages: &[&str]) -> Result<()> {
    for arguments in [
        vec!["update", "-qq"],
        [
            vec!["install", "-y", "-qq", "--no-install-recommends"],
            packages.to_vec(),
        ]
        .concat(),
    ] {
        let output = Command::new("apt-get")
            .args(&arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output()
            .context("cannot run apt-get: the lab runs on Debian")?;
        if !output.status.success() {
            bail!(
                "apt-get {} failed: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
    }
    Ok(())
}

/// Lets names resolve on the host, as `owner`'s lines in `/etc/hosts`.
///
/// # Errors
/// When the file cannot be written.
pub fn set_host(owner: &str, names: &[(IpAddr, String)]) -> Result<()> {
    let mut lines = others(|mark| mark == owner)?;
    lines.extend(
        names
            .iter()
            .map(|(address, name)| format!("{address} {name} {HOSTS_MARK} {owner}")),
    );
    write_hosts(&lines)
}

/// Takes one owner's lines out of `/etc/hosts`.
///
/// # Errors
/// When the file cannot be written.
pub fn remove_host(owner: &str) -> Result<()> {
    write_hosts(&others(|mark| mark == owner)?)
}

/// Takes all of the lab's lines out of `/etc/hosts`.
///
/// # Errors
/// When the file cannot be written.
pub fn remove_hosts() -> Result<()> {
    write_hosts(&others(|_| true)?)
}

/// The lines of `/etc/hosts` but those of the owners that `ours` knows.
fn others(ours: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let hosts = fs::read_to_string(HOSTS).context("cannot read /etc/hosts")?;
    let keep = |line: &&str| {
        !line
            .split_once(HOSTS_MARK)
            .is_some_and(|(_, owner)| ours(owner.trim()))
    };
    Ok(hosts.lines().filter(keep).map(str::to_owned).collect())
}

fn write_hosts(lines: &[String]) -> Result<()> {
    let text = lines.join("\n") + "\n";
    if fs::read_to_string(HOSTS).is_ok_and(|hosts| hosts == text) {
        return Ok(());
    }
    fs::write(HOSTS, text).context("cannot write /etc/hosts")
}
