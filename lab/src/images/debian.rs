//! Root filesystems from Debian's packages, as tars, by mmdebstrap.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

/// The release of all packages here.
const RELEASE: &str = "bookworm";
/// Packages that stand for the whole release in the key: when one of them gets a new version, so
/// did the archive.
const WITNESSES: [&str; 4] = ["base-files", "libc6", "libssl3", "busybox-static"];
/// The time of every file, so that the same packages give the same tar: 2025-01-01.
const EPOCH: &str = "1735689600";
/// Files that no program here reads. The largest are the modules for linking a Java runtime of one's own.
const KEPT_OUT: [&str; 5] = [
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/locale/*",
    "/usr/share/info/*",
    "/usr/lib/jvm/*/jmods/*",
];
/// Packages make links here whether their pages are kept out or not.
const FOLDER_OF_PAGES: &str = "mkdir -p \"$1/usr/share/man/man1\"";

/// A minimal system with some further packages.
pub(super) struct System {
    pub(super) name: &'static str,
    packages: &'static [&'static str],
    /// A file that differs between two builds. It is kept next to the tar, not in it.
    apart: Option<&'static str>,
}

/// The minimal system, without further packages.
pub(super) const MINIMAL: System = System {
    name: "baseos",
    packages: &[],
    apart: None,
};
/// The tools that compile Go chaincode with cgo and link it statically.
pub(super) const COMPILERS: System = System {
    name: "ccenv",
    packages: &["ca-certificates", "gcc", "git", "libc6-dev", "make"],
    apart: None,
};
/// The tools that compile and run Java chaincode.
pub(super) const JAVA: System = System {
    name: "javaenv",
    packages: &["ca-certificates", "maven", "openjdk-17-jdk-headless"],
    apart: Some(TRUSTSTORE),
};
/// The CAs that Java trusts.
pub(super) const TRUSTSTORE: &str = "etc/ssl/certs/java/cacerts";

/// The versions that apt would install now, a line each.
///
/// # Errors
/// Returns an error if apt-cache cannot be run.
pub(super) fn resolved_versions() -> Result<String> {
    let output = Command::new("apt-cache")
        .arg("policy")
        .args([COMPILERS.packages, JAVA.packages, &WITNESSES].concat())
        .output()
        .context("cannot run apt-cache")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with(' ') || line.trim_start().starts_with("Candidate:"));
    Ok(lines.map(str::trim).collect::<Vec<_>>().join("\n"))
}

/// Makes the tars of these systems in `folder`, all at once: most of the time each waits.
///
/// # Errors
/// Returns mmdebstrap's error. Its output goes to stderr.
pub(super) fn make<const N: usize>(folder: &Path, systems: [&System; N]) -> Result<[PathBuf; N]> {
    std::thread::scope(|scope| {
        let made = systems.map(|system| scope.spawn(|| system.make(folder)));
        made.map(|making| making.join().map_err(|_| anyhow!("mmdebstrap's thread died"))?)
            .into_iter()
            .collect::<Result<Vec<_>>>()
    })?
    .try_into()
    .map_err(|_| anyhow!("a system is missing"))
}

impl System {
    /// Makes `NAME.tar` in `folder`, and `NAME.packages` with the version of each that is in it.
    fn make(&self, folder: &Path) -> Result<PathBuf> {
        let name = self.name;
        let tar = folder.join(format!("{name}.tar"));
        let list = folder.join(format!("{name}.packages"));
        let mut command = Command::new("mmdebstrap");
        command
            .args(["--quiet", "--mode=root", "--variant=minbase"])
            .arg(format!("--setup-hook={FOLDER_OF_PAGES}"))
            .args(KEPT_OUT.map(|path| format!("--dpkgopt=path-exclude={path}")))
            .env("SOURCE_DATE_EPOCH", EPOCH);
        if !self.packages.is_empty() {
            command.arg(format!("--include={}", self.packages.join(",")));
        }
        command.arg(format!(
            "--customize-hook=dpkg-query --admindir=\"$1/var/lib/dpkg\" -W > '{}'",
            list.display()
        ));
        if let Some(apart) = self.apart {
            let file = Self::apart(folder, apart);
            command.arg(format!("--customize-hook=mv \"$1/{apart}\" '{}'", file.display()));
        }
        let status = command
            .arg(RELEASE)
            .arg(&tar)
            .status()
            .context("cannot run mmdebstrap")?;
        if !status.success() {
            bail!("mmdebstrap for {name} failed: {status}");
        }
        for line in fs::read_to_string(&list)?.lines() {
            eprintln!("    {name}: {}", line.replace('\t', " "));
        }
        Ok(tar)
    }

    /// Returns the path of a file that is kept out of the tar, in that folder.
    pub(super) fn apart(folder: &Path, file: &str) -> PathBuf {
        folder.join(file.replace('/', "-"))
    }
}
