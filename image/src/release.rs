//! chainpod and its agent as releases have them, for this architecture or another.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::Programs;
use crate::compile::{STATIC, cargo, workspace};

/// An architecture for which the image can be made.
pub struct Architecture {
    /// As OCI and Kubernetes name it.
    pub name: &'static str,
    /// As Rust does.
    pub target: &'static str,
    /// The linker, which is the C compiler.
    linker: &'static str,
    /// The Debian packages that have it and its libraries.
    packages: &'static str,
}

/// All of them.
pub const ARCHITECTURES: [Architecture; 2] = [
    Architecture {
        name: "amd64",
        target: "x86_64-unknown-linux-gnu",
        linker: "x86_64-linux-gnu-gcc",
        packages: "gcc-x86-64-linux-gnu libc6-dev-amd64-cross",
    },
    Architecture {
        name: "arm64",
        target: "aarch64-unknown-linux-gnu",
        linker: "aarch64-linux-gnu-gcc",
        packages: "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    },
];

/// A folder of its own: flags and target differ from the tests'.
const TARGET_FOLDER: &str = "target/image";

impl Architecture {
    /// Compiles both programs.
    ///
    /// # Errors
    /// Returns an error that names what is missing on this machine and how to get it, or the compiler's
    /// error.
    pub fn compile(&self) -> Result<Programs> {
        self.check()?;
        let workspace = workspace().canonicalize()?;
        let flags = Self::flags(&workspace)?;
        let linker = format!(
            "CARGO_TARGET_{}_LINKER",
            self.target.to_uppercase().replace('-', "_")
        );
        let env = [("RUSTFLAGS", flags.as_str()), (&linker, self.linker)];
        let build = |package: &str, profile: &str| -> Result<PathBuf> {
            let package_of = ["--package", package, "--profile", profile];
            let target = ["--target", self.target, "--target-dir", TARGET_FOLDER];
            cargo("build", &workspace, &[package_of, target].concat(), &env)?;
            let folder = workspace.join(TARGET_FOLDER).join(self.target);
            Ok(folder.join(profile).join(package))
        };
        Ok(Programs {
            daemon: build("chainpod", "release")?,
            agent: build("chainpod-agent", "agent")?,
        })
    }

    /// Static, and without the paths of this machine, so that another makes the same.
    fn flags(workspace: &Path) -> Result<String> {
        let cargo_home = match std::env::var("CARGO_HOME") {
            Ok(home) => home,
            Err(_) => format!("{}/.cargo", std::env::var("HOME")?),
        };
        Ok(format!(
            "-C {STATIC} --remap-path-prefix={cargo_home}=/cargo --remap-path-prefix={}=/chainpod",
            workspace.display()
        ))
    }

    fn check(&self) -> Result<()> {
        let (target, packages) = (self.target, self.packages);
        let mut missing = Vec::new();
        let libraries = Command::new("rustc")
            .args(["--print=target-libdir", "--target", target])
            .output()
            .context("cannot run rustc")?;
        if !libraries.status.success() {
            bail!("{}", String::from_utf8_lossy(&libraries.stderr).trim());
        }
        if !Path::new(String::from_utf8_lossy(&libraries.stdout).trim()).exists() {
            missing.push(format!(
                "Rust's libraries for {target}: rustup target add {target}"
            ));
        }
        if Command::new(self.linker).arg("--version").output().is_err() {
            missing.push(format!("{}: apt-get install {packages}", self.linker));
        }
        match missing.is_empty() {
            true => Ok(()),
            false => bail!(
                "the image for {} cannot be made here, missing are\n- {}",
                self.name,
                missing.join("\n- ")
            ),
        }
    }
}
