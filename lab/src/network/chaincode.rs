//! Chaincode on a network: package, install, approve, commit, invoke, query, as a
//! user does it with the peer's command line.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{CHANNEL, FABRIC, Network};
use crate::cache::{self, Inputs};
use crate::cluster::run;
use crate::go;
use crate::progress::Progress;

/// The lab's Go chaincode below `lab/`.
const GO_CHAINCODE: &str = "chaincode/go";

/// A chaincode package of the lab.
#[derive(Clone, Debug)]
pub struct Package {
    file: PathBuf,
    name: String,
    version: String,
}

impl Package {
    /// The Go chaincode, vendored. Its label is `NAME_VERSION`.
    ///
    /// # Errors
    /// Those of Go and of the peer's command line.
    pub fn go(label: &str, progress: &Progress) -> Result<Self> {
        let (name, version) = label
            .split_once('_')
            .with_context(|| format!("a label is NAME_VERSION, {label:?} is not"))?;
        let file = progress.step("packaging the Go chaincode", || package(label))?;
        Ok(Self {
            file,
            name: name.to_owned(),
            version: version.to_owned(),
        })
    }

    /// The chaincode's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The Go chaincode with its `vendor/`, from the cache.
///
/// # Errors
/// Those of Go.
pub fn vendored() -> Result<PathBuf> {
    let source = go::folder().join(GO_CHAINCODE);
    let inputs = Inputs::default().text(&go::go_version()?).path(&source)?;
    let folder = cache::artefact("chaincode-go", inputs, |out| {
        run(Command::new("cp").arg("-r").arg(&source).arg(out.join("kv")))?;
        run(Command::new("go")
            .args(["mod", "vendor"])
            .current_dir(out.join("kv")))
        .map(drop)
    })?;
    Ok(folder.join("kv"))
}

fn package(label: &str) -> Result<PathBuf> {
    let (source, programs) = (vendored()?, FABRIC.build()?);
    let paths = [&source, &programs].map(|path| path.display().to_string());
    let inputs = Inputs::default().text(label).text(&paths.join(" "));
    let folder = cache::artefact("package-go", inputs, |out| {
        let config = out.join("config");
        std::fs::create_dir(&config)?;
        super::config::templates(&config)?;
        run(Command::new(programs.join("peer"))
            .args([
                "lifecycle",
                "chaincode",
                "package",
                "package.tar.gz",
                "--lang",
                "golang",
            ])
            .args(["--label", label, "--path"])
            .arg(&source)
            .current_dir(out)
            .env("FABRIC_CFG_PATH", &config))
        .map(drop)
    })?;
    Ok(folder.join("package.tar.gz"))
}

impl Network {
    /// Installs a package: the peer builds it. Its id.
    ///
    /// # Errors
    /// The peer's.
    pub fn install(&self, package: &Package) -> Result<String> {
        let file = package.file.display().to_string();
        self.lifecycle(&["install", &file])?;
        self.package_id(package)
    }

    fn package_id(&self, package: &Package) -> Result<String> {
        let file = package.file.display().to_string();
        Ok(self.lifecycle(&["calculatepackageid", &file])?.trim().to_owned())
    }

    /// Approves a package as the next definition of its chaincode.
    ///
    /// # Errors
    /// The peer's.
    pub fn approve(&self, package: &Package) -> Result<()> {
        let id = self.package_id(package)?;
        self.define("approveformyorg", package, &["--package-id", &id])
    }

    /// Commits the approved definition: the peer starts the chaincode.
    ///
    /// # Errors
    /// The peer's.
    pub fn commit(&self, package: &Package) -> Result<()> {
        self.define("commit", package, &[])
    }

    fn define(&self, action: &str, package: &Package, more: &[&str]) -> Result<()> {
        let sequence = (self.committed(package)? + 1).to_string();
        let definition = [
            "--channelID",
            CHANNEL,
            "--name",
            &package.name,
            "--version",
            &package.version,
            "--sequence",
            &sequence,
        ];
        let orderer = self.orderer_arguments();
        let orderer: Vec<_> = orderer.iter().map(String::as_str).collect();
        self.lifecycle(&[&[action], &definition[..], more, &orderer].concat())
            .map(drop)
    }

    /// The sequence of the committed definition; 0 where there is none.
    fn committed(&self, package: &Package) -> Result<u64> {
        let arguments = ["querycommitted", "--channelID", CHANNEL, "--output", "json"];
        let all: Value = serde_json::from_str(&self.lifecycle(&arguments)?)?;
        let all = all["chaincode_definitions"].as_array().into_iter().flatten();
        let mut own = all.filter(|definition| definition["name"] == package.name.as_str());
        Ok(own
            .next()
            .and_then(|definition| definition["sequence"].as_u64())
            .unwrap_or(0))
    }

    fn lifecycle(&self, arguments: &[&str]) -> Result<String> {
        self.peer(&[&["lifecycle", "chaincode"], arguments].concat())
    }

    /// A transaction, once it is committed; what the chaincode answered.
    ///
    /// # Errors
    /// The peer's, with the chaincode's own message.
    pub fn invoke(&self, chaincode: &str, function: &str, arguments: &[&str]) -> Result<String> {
        let mut command = self.call("invoke", chaincode, function, arguments);
        let output = command
            .args(self.orderer_arguments())
            .arg("--waitForEvent")
            .output()?;
        let log = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            bail!("{}", log.trim());
        }
        payload(&log)
    }

    /// A function's answer, without a transaction.
    ///
    /// # Errors
    /// The peer's, with the chaincode's own message.
    pub fn query(&self, chaincode: &str, function: &str, arguments: &[&str]) -> Result<String> {
        let answer = run(&mut self.call("query", chaincode, function, arguments))?;
        Ok(answer.strip_suffix('\n').unwrap_or(&answer).to_owned())
    }

    fn call(&self, action: &str, chaincode: &str, function: &str, arguments: &[&str]) -> Command {
        let words = [&[function], arguments].concat();
        let arguments = json!({ "Args": words }).to_string();
        let mut command = self.peer_command();
        command.args(["chaincode", action, "--channelID", CHANNEL]);
        command.args(["--name", chaincode, "--ctor", &arguments]);
        command
    }

    fn orderer_arguments(&self) -> Vec<String> {
        vec![
            "--orderer".to_owned(),
            format!("{}:{}", self.orderer_host(), self.ports.orderer),
            "--tls".to_owned(),
            "--cafile".to_owned(),
            self.orderer_tls().join("ca.crt").display().to_string(),
        ]
    }
}

/// The payload in the command line's last word on an invoke, `… status:200 payload:"…"`; empty where
/// there is none.
fn payload(log: &str) -> Result<String> {
    let line = log.lines().rev().find(|line| line.contains(" result: status:"));
    let line = line.with_context(|| format!("the peer does not say how the invoke went: {log}"))?;
    match line.split_once(" payload:") {
        Some((_, quoted)) => {
            unquoted(quoted).with_context(|| format!("a payload that cannot be read: {line}"))
        }
        None => Ok(String::new()),
    }
}

/// The text that protobuf's text format quotes: bytes beyond ASCII are octal.
fn unquoted(quoted: &str) -> Option<String> {
    let mut rest = quoted.trim().strip_prefix('"')?.strip_suffix('"')?.bytes();
    let mut bytes = Vec::new();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'\\' { escaped(&mut rest)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn escaped(rest: &mut impl Iterator<Item = u8>) -> Option<u8> {
    Some(match rest.next()? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        high @ b'0'..=b'3' => {
            let mut digit = || rest.next()?.checked_sub(b'0');
            (high - b'0') << 6 | digit()? << 3 | digit()?
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_invokes_payload_is_unquoted() {
        let log = |payload: &str| format!("… Chaincode invoke successful. result: status:200 {payload}\n");
        for (printed, meant) in [
            (r#"payload:"{\"a\":\"1\"}" "#, "{\"a\":\"1\"}"),
            (r#"payload:"\303\274ber""#, "über"),
            ("", ""),
        ] {
            assert_eq!(super::payload(&log(printed)).unwrap(), meant);
        }
        assert!(super::payload("Error: no answer").is_err());
    }
}
