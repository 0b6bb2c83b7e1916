//! The image of Fabric's programs, for networks that are Pods.

use anyhow::Result;

use super::{Fabric, config};
use crate::cluster::Cluster;
use crate::images;

/// The peer's image.
pub(super) const PEER: &str = "peer";
/// Fabric has an image for each of these. The lab has one image with all of them.
const IMAGES: [&str; 3] = [PEER, "orderer", "tools"];

impl Fabric {
    /// Returns Fabric's name of one of its images.
    pub(super) fn image(self, image: &str) -> String {
        format!("docker.io/hyperledger/fabric-{image}:{self}")
    }

    /// Loads the image of its programs into the cluster's nodes, under the names of Fabric's own images.
    ///
    /// # Errors
    /// Returns the errors of Go and of containerd.
    pub fn load_image(self, cluster: &Cluster) -> Result<()> {
        let programs = self.release().module.build()?;
        let names = IMAGES.map(|image| self.image(image));
        let archive = images::build_fabric(&names, &programs, &config::samples(self)?)?;
        cluster.import(&archive)
    }
}
