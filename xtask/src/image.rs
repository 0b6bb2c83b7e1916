//! `cargo xtask image`: makes chainpod's own image as an OCI archive, and next to it a list of its contents
//! as a CycloneDX file. No Docker daemon takes part.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use clap::builder::PossibleValuesParser;
use image::release::{ARCHITECTURES, Architecture};
use image::{Kind, sbom};
use lab::progress::Progress;

/// The image's name. A registry's own goes before it when it is pushed.
const NAME: &str = concat!("docker.io/chainpod/chainpod:", env!("CARGO_PKG_VERSION"));
/// Every node of a chaincode's Pod pulls it.
const MAX_COMPRESSED_BYTES: u64 = 15 << 20;

/// Which image.
#[derive(Args)]
pub(crate) struct Image {
    /// For which nodes.
    #[arg(long, default_value = "amd64", value_parser = PossibleValuesParser::new(ARCHITECTURES.each_ref().map(|known| known.name)))]
    arch: String,
    /// The folder for the archive and its list of contents.
    #[arg(long, value_name = "DIR", default_value = "target/image")]
    output: PathBuf,
}

/// Makes the image and its list of contents.
///
/// # Errors
/// Returns an error that names what is missing here and how to get it, or an error if the image is too big,
/// with its size and the programs' sizes.
pub(crate) fn run(options: &Image) -> Result<()> {
    let known = |known: &&Architecture| known.name == options.arch;
    let architecture = ARCHITECTURES
        .iter()
        .find(known)
        .context("an unknown architecture")?;
    let progress = Progress::new("image");
    let programs = progress.step("compiling chainpod and chainpod-agent", || architecture.compile())?;
    fs::create_dir_all(&options.output)?;
    let file = |end: &str| options.output.join(format!("chainpod-{}.{end}", options.arch));
    let archive = file("tar");
    let written = progress.step("writing the image", || {
        let kind = Kind {
            name: NAME,
            architecture: architecture.name,
            compressed: true,
        };
        image::write_chainpod(&kind, &programs, &archive)
    })?;
    let list = file("cdx.json");
    progress.step("listing what is in it", || {
        fs::write(&list, sbom::of(architecture.target)?).context("cannot write the list")
    })?;
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let sizes = format!(
        "{} compressed; chainpod {}, chainpod-agent {}",
        mib(written.bytes),
        mib(fs::metadata(&programs.daemon)?.len()),
        mib(fs::metadata(&programs.agent)?.len()),
    );
    ensure!(
        written.bytes <= MAX_COMPRESSED_BYTES,
        "the image is too big, {} are allowed: {sizes}",
        mib(MAX_COMPRESSED_BYTES)
    );
    progress.finish();
    println!("{NAME} for {}\n{}\n{sizes}", options.arch, written.digest);
    println!("{}\n{}", archive.display(), list.display());
    Ok(())
}
