//! Calls of chaincode: invoke and query, as a user does it with the peer's command
//! line.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{CHANNEL, Network};
use crate::command::run;

impl Network {
    /// A transaction, once it is committed; what the chaincode answered.
    ///
    /// # Errors
    /// Returns the peer's error, with the chaincode's own message.
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
    /// Returns the peer's error, with the chaincode's own message.
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

    /// Returns the options of the peer's command line that name the orderer.
    pub(super) fn orderer_arguments(&self) -> Vec<String> {
        let orderer = format!("{}:{}", self.orderer_host(), self.ports.orderer);
        let mut arguments = vec!["--orderer".to_owned(), orderer];
        if self.options.tls {
            let ca = self.orderer_tls().join("ca.crt").display().to_string();
            arguments.extend(["--tls".to_owned(), "--cafile".to_owned(), ca]);
        }
        arguments
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
