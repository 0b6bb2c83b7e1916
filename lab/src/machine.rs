//! The machine: what the lab needs of it, said before work starts, and the
//! lines that it writes into `/etc/hosts`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::{self, Inputs};
use crate::command::run;
use crate::go_build;
use crate::progress::Progress;

/// Debian's packages that the lab uses.
const PACKAGES: [&str; 10] = [
    "runc",
    "containernetworking-plugins",
    "iptables",
    "conntrack",
    "ethtool",
    "socat",
    "mmdebstrap",
    "busybox-static",
    "iproute2",
    "skopeo",
];
/// The program that fetches the parts of the image for Node.js, and the Debian package with it.
const NPM: &str = "npm";
/// The disk space for a cold build, with room to spare.
const FREE_GIB: u64 = 10;
const HOSTS: &str = "/etc/hosts";
/// Ends each of our lines in `/etc/hosts`, with the owner's name behind it.
const HOSTS_MARK: &str = "# chainpod-lab";

/// Checks the machine, all at once, and installs Debian's packages that are missing.
///
/// # Errors
/// Returns an error that names everything that is missing, each with its remedy.
pub fn prepare(progress: &Progress, ports: &[u16]) -> Result<()> {
    let mut problems = Vec::new();
    if !rustix::process::geteuid().is_root() {
        problems.push("the lab makes mounts, cgroups and interfaces: run it as root".to_owned());
    }
    if go_build::go_version().is_err() {
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
    progress.step("Debian's packages", || {
        ensure_installed(&PACKAGES)?;
        // One of the user's own does as well.
        match Command::new(NPM).arg("--version").output() {
            Ok(_) => Ok(()),
            Err(_) => ensure_installed(&[NPM]),
        }
    })
}

/// Installs those Debian packages that are missing.
///
/// # Errors
/// Returns apt-get's error.
pub(crate) fn ensure_installed(packages: &[&str]) -> Result<()> {
    let missing: Vec<_> = packages
        .iter()
        .copied()
        .filter(|package| version(package).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)
}

/// Returns the path of Prometheus' own checker of metrics, from Debian.
///
/// # Errors
/// Returns apt-get's error.
pub fn promtool() -> Result<PathBuf> {
    Ok(unpacked("prometheus")?.join("usr/bin/promtool"))
}

/// Returns the folder with the files of a Debian package that is unpacked and not installed.
///
/// # Errors
/// Returns apt-get's error.
pub(crate) fn unpacked(package: &str) -> Result<PathBuf> {
    cache::artefact(package, Inputs::default().text(package), |out| {
        run(Command::new("apt-get")
            .args(["download", "-qq", package])
            .current_dir(out))?;
        for entry in fs::read_dir(out)? {
            let package = entry?.path();
            run(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(out))?;
            fs::remove_file(package)?;
        }
        Ok(())
    })
}

/// A port of the loopback interface where nobody listens.
///
/// # Errors
/// Returns an error if there is none.
pub fn free_port() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}

/// The address from which this machine reaches others. No packet is sent: the
/// address asked about is reserved for documentation (RFC 5737).
///
/// # Errors
/// Returns an error if this machine has no default route.
pub(crate) fn node_ip() -> Result<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    socket
        .connect((Ipv4Addr::new(198, 51, 100, 1), 9))
        .context("this machine has no default route")?;
    Ok(socket.local_addr()?.ip())
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

/// The folder with the file `hosts`, which CoreDNS reads: the lab's names, for Pods.
///
/// # Errors
/// Returns an error if it cannot be made.
pub(crate) fn names_folder() -> Result<PathBuf> {
    let folder = cache::root()?.join("names");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// Lets names resolve on the host and in Pods, as `owner`'s.
///
/// # Errors
/// Returns an error if `/etc/hosts` cannot be written.
pub(crate) fn set_host(owner: &str, names: &[(IpAddr, String)]) -> Result<()> {
    let lines = names
        .iter()
        .map(|(address, name)| format!("{address} {name} {HOSTS_MARK} {owner}"));
    write_hosts(owner, &lines.collect::<Vec<_>>())
}

/// Takes one owner's names away.
///
/// # Errors
/// Returns an error if `/etc/hosts` cannot be written.
pub(crate) fn remove_host(owner: &str) -> Result<()> {
    write_hosts(owner, &[])
}

/// Puts `lines` in the place of the owner's.
fn write_hosts(owner: &str, lines: &[String]) -> Result<()> {
    let folder = names_folder()?;
    let _lock = cache::lock(&folder.join("lock"))?;
    let hosts = fs::read_to_string(HOSTS).context("cannot read /etc/hosts")?;
    let owner_of = |line: &str| Some(line.split_once(HOSTS_MARK)?.1.trim().to_owned());
    let others = hosts
        .lines()
        .filter(|line| owner_of(line).as_deref() != Some(owner));
    let lines: Vec<&str> = others.chain(lines.iter().map(String::as_str)).collect();
    let text = lines.join("\n") + "\n";
    if text != hosts {
        overwrite(Path::new(HOSTS), &text)?;
    }
    let ours = lines.iter().filter(|line| owner_of(line).is_some());
    let text = ours.fold(String::new(), |text, line| text + line + "\n");
    overwrite(&folder.join("hosts"), &text)
}

/// Puts `text` in the place of the file's content in one step: who reads it meanwhile never finds
/// it empty, and names that stay always resolve. It is not renamed, as it may be a mount.
fn overwrite(file: &Path, text: &str) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let mut handle = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(file)?;
        handle.write_all(text.as_bytes())?;
        handle.set_len(text.len() as u64)
    };
    write().with_context(|| format!("cannot write {}", file.display()))
}
