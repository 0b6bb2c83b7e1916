//! The image of kube-network-policies, for labs that enforce NetworkPolicies.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Result;
use image::oci;
use serde_json::json;

use super::{ARCHIVE, RECIPE, static_program};
use crate::cache::{self, Inputs};
use crate::go_build::GoModule;
use crate::progress::Progress;

/// Its name.
pub(crate) const NETWORK_POLICIES: &str = "registry.k8s.io/networking/kube-network-policies:v0.8.0";

const MODULE: GoModule = GoModule {
    name: "kube-network-policies",
    folder: "kube-network-policies",
    packages: &["sigs.k8s.io/kube-network-policies/cmd"],
    ldflags: "-s -w",
    tags: "",
};

/// Makes the image. Returns an OCI archive.
///
/// # Errors
/// Returns Go's error.
pub(crate) fn build_network_policies(progress: &Progress) -> Result<PathBuf> {
    let programs = progress.step("building kube-network-policies", || MODULE.build())?;
    let inputs = Inputs::default()
        .text(RECIPE)
        .text(NETWORK_POLICIES)
        .path(&programs)?;
    let folder = cache::artefact("network-policies-image", inputs, |out| {
        let mut image = static_program(NETWORK_POLICIES, &programs.join("cmd"), "netpol")?;
        // What makes it take its own rules away.
        image.config["StopSignal"] = json!("SIGINT");
        oci::write(&[image], File::create(out.join(ARCHIVE))?).map(drop)
    })?;
    Ok(folder.join(ARCHIVE))
}
