//! Which main jobs have been done, of which peer, in which language, with TLS or without:
//! tests note it, and who ran them prints it as a table.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use lab::cache;
use lab::network::{Fabric, Language};

/// The text for a main job that nobody ran.
const NOT_RUN: &str = "not run";

/// A main job.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// The chaincode's language.
    pub language: Language,
    /// The peer's version.
    pub fabric: Fabric,
    /// True if peer and chaincode speak TLS.
    pub tls: bool,
}

impl Cell {
    /// Returns the name of its network and of its namespace.
    #[must_use]
    pub fn name(self) -> String {
        let tls = if self.tls { "tls" } else { "notls" };
        format!("{}{}{tls}", self.language, self.fabric).replace('.', "")
    }

    fn file(self) -> Result<PathBuf> {
        Ok(folder()?.join(self.name()))
    }

    /// Why it cannot work with any chainpod, nor with Docker.
    #[must_use]
    pub fn obstacle(self) -> Option<Obstacle> {
        (self.language == Language::Node && self.fabric == Fabric::V1_4 && self.tls).then_some(Obstacle {
            error: "unsuitable certificate purpose",
            reason: "the CA that a 1.4 peer makes for its chaincode is for any purpose, which Node.js's TLS refuses",
        })
    }

    /// Notes how it went.
    ///
    /// # Errors
    /// Returns an error if the cache cannot be written.
    pub fn note(self, how: &str) -> Result<()> {
        fs::create_dir_all(folder()?)?;
        let file = self.file()?;
        fs::write(&file, how).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Why a main job cannot work.
#[derive(Clone, Copy, Debug)]
pub struct Obstacle {
    /// A part of the error that it causes.
    pub error: &'static str,
    /// The reason.
    pub reason: &'static str,
}

fn folder() -> Result<PathBuf> {
    Ok(cache::root()?.join("main-jobs"))
}

/// Forgets what was noted.
///
/// # Errors
/// Returns an error if it cannot be removed.
pub fn clear() -> Result<()> {
    match fs::remove_dir_all(folder()?) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Returns the noted results, with a line for each main job.
///
/// # Errors
/// Returns an error if there is no cache.
pub fn table() -> Result<String> {
    let mut table = format!("{:<10}{:<6}{:<5}{}\n", "language", "peer", "TLS", "main job");
    for language in Language::value_variants() {
        for fabric in Fabric::value_variants().iter().rev() {
            for tls in [true, false] {
                let cell = Cell {
                    language: *language,
                    fabric: *fabric,
                    tls,
                };
                let said = fs::read_to_string(cell.file()?);
                let said = said.as_deref().unwrap_or(NOT_RUN);
                let tls = if tls { "on" } else { "off" };
                let (language, fabric) = (language.to_string(), fabric.to_string());
                writeln!(table, "{language:<10}{fabric:<6}{tls:<5}{said}")?;
            }
        }
    }
    Ok(table)
}
