//! A built image in the standard format: an OCI configuration and manifest.

use std::collections::HashMap;
use std::str::FromStr;

use engine::image::Overlay;
use engine::ports::StoreError;
use oci_spec::image::{
    Arch, ConfigBuilder, Descriptor, ImageConfiguration, ImageConfigurationBuilder, ImageManifest,
    ImageManifestBuilder, MediaType, Os, RootFsBuilder, Sha256Digest,
};

use crate::spool::Spooled;

/// OCI's annotation for the name of the base image.
const BASE_NAME: &str = "org.opencontainers.image.base.name";

/// Returns the configuration of an image with these layers.
pub(crate) fn configuration(overlay: &Overlay) -> Result<ImageConfiguration, StoreError> {
    let mut config = ConfigBuilder::default()
        .env(overlay.env.clone())
        .labels(overlay.labels.clone().into_iter().collect::<HashMap<_, _>>())
        .user(overlay.user.clone())
        .working_dir(overlay.working_dir.clone());
    if let Some(cmd) = &overlay.cmd {
        config = config.cmd(cmd.clone());
    }
    if let Some(entrypoint) = &overlay.entrypoint {
        config = config.entrypoint(entrypoint.clone());
    }
    let config = config.build().map_err(|error| failed(&error))?;
    let rootfs = RootFsBuilder::default()
        .typ("layers")
        .diff_ids(
            overlay
                .layers
                .iter()
                .map(|layer| layer.0.clone())
                .collect::<Vec<_>>(),
        )
        .build()
        .map_err(|error| failed(&error))?;
    ImageConfigurationBuilder::default()
        .architecture(Arch::default())
        .os(Os::Linux)
        .config(config)
        .rootfs(rootfs)
        .history(Vec::new())
        .build()
        .map_err(|error| failed(&error))
}

/// Returns the manifest: that configuration on these layers (digest and size), on top of `base`.
pub(crate) fn manifest(
    configuration: &Spooled,
    layers: &[(String, u64)],
    base: &str,
) -> Result<ImageManifest, StoreError> {
    let layers = layers
        .iter()
        .map(|(digest, size)| descriptor(MediaType::ImageLayer, digest, *size))
        .collect::<Result<Vec<_>, _>>()?;
    ImageManifestBuilder::default()
        .schema_version(2_u32)
        .media_type(MediaType::ImageManifest)
        .config(descriptor(
            MediaType::ImageConfig,
            &configuration.digest.0,
            configuration.size,
        )?)
        .layers(layers)
        .annotations(HashMap::from([(BASE_NAME.to_owned(), base.to_owned())]))
        .build()
        .map_err(|error| failed(&error))
}

fn descriptor(kind: MediaType, digest: &str, size: u64) -> Result<Descriptor, StoreError> {
    let hex = digest.trim_start_matches("sha256:");
    let digest = Sha256Digest::from_str(hex).map_err(|error| failed(&error))?;
    Ok(Descriptor::new(kind, size, digest))
}

fn failed(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Io(format!("cannot write the image's manifest: {error}"))
}
