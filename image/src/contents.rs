//! chainpod's own image: the daemon, the agent that its Pods mount from it, and the
//! CAs that registries are trusted by. No shell, no root, nothing that is written to.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::oci::{self, Image, Layer};

/// The default user of the daemon: "nonroot" of distroless images.
const USER: &str = "65532:65532";
/// The CAs of Debian's ca-certificates, and none that this machine's owner added.
const CAS: &str = "/usr/share/ca-certificates/mozilla";
/// The file in which Debian's programs, and so rustls, look for CAs.
const CA_BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
/// The C library asks DNS after the hosts file only if this file says so.
const NSSWITCH: &[u8] = b"hosts: files dns\n";

/// The image's two programs, both static.
pub struct Programs {
    /// `chainpod`.
    pub daemon: PathBuf,
    /// `chainpod-agent`.
    pub agent: PathBuf,
}

/// Which image of them.
pub struct Kind<'a> {
    /// Its whole name.
    pub name: &'a str,
    /// As OCI names it.
    pub architecture: &'static str,
    /// True if its layer is compressed. That takes a second, and is for images that others pull.
    pub compressed: bool,
}

/// An image that was written.
pub struct Written {
    /// Its manifest's digest.
    pub digest: String,
    /// The size of its layers: what a node pulls.
    pub bytes: u64,
}

/// Writes chainpod's own image: an OCI archive.
///
/// # Errors
/// Returns an error if a program, or Debian's list of CAs, cannot be read, or the file not written.
pub fn write_chainpod(kind: &Kind<'_>, programs: &Programs, archive: &Path) -> Result<Written> {
    let image = image(programs, kind)?;
    let bytes = image.layers.iter().map(Layer::size).sum();
    let file = File::create(archive).with_context(|| format!("cannot write {}", archive.display()))?;
    let digests = oci::write(&[image], file)?;
    Ok(Written {
        digest: digests.concat(),
        bytes,
    })
}

fn image(programs: &Programs, kind: &Kind<'_>) -> Result<Image> {
    let mut tar = oci::tar();
    for folder in ["etc/", "etc/ssl/", "etc/ssl/certs/"] {
        oci::directory(&mut tar, folder, 0o755, 0)?;
    }
    oci::append(&mut tar, "etc/nsswitch.conf", 0o644, NSSWITCH)?;
    oci::append(&mut tar, CA_BUNDLE, 0o644, &ca_bundle()?)?;
    oci::append(&mut tar, "chainpod-agent", 0o755, &read(&programs.agent)?)?;
    oci::append(&mut tar, "chainpod", 0o755, &read(&programs.daemon)?)?;
    let layer = match kind.compressed {
        true => Layer::compressed(tar.into_inner()?)?,
        false => Layer::memory(tar.into_inner()?)?,
    };
    Ok(Image {
        names: vec![kind.name.to_owned()],
        layers: vec![layer],
        architecture: kind.architecture,
        config: json!({
            "Entrypoint": ["/chainpod"], "Cmd": ["serve"], "User": USER,
            "ExposedPorts": {"2375/tcp": {}, "2377/tcp": {}, "9090/tcp": {}},
            "Labels": {
                "org.opencontainers.image.title": "chainpod",
                "org.opencontainers.image.description":
                    "A Docker Engine API endpoint that runs Hyperledger Fabric chaincode as Kubernetes Pods.",
                "org.opencontainers.image.licenses": "Apache-2.0",
                "org.opencontainers.image.version": env!("CARGO_PKG_VERSION"),
            },
        }),
    })
}

fn ca_bundle() -> Result<Vec<u8>> {
    let entries = fs::read_dir(CAS).with_context(|| format!("cannot list {CAS}: install ca-certificates"))?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    ensure!(!files.is_empty(), "{CAS} is empty: install ca-certificates");
    files.sort();
    let contents: Result<Vec<_>> = files.iter().map(|file: &PathBuf| read(Path::new(file))).collect();
    Ok(contents?.concat())
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn written() -> (Vec<String>, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs {
            daemon: folder.path().join("chainpod"),
            agent: folder.path().join("chainpod-agent"),
        };
        fs::write(&programs.daemon, "daemon").unwrap();
        fs::write(&programs.agent, "agent").unwrap();
        let kind = Kind {
            name: "example.com/chainpod:1",
            architecture: "arm64",
            compressed: true,
        };
        let mut archive = Cursor::new(Vec::new());
        let image = image(&programs, &kind).unwrap();
        (oci::write(&[image], &mut archive).unwrap(), archive.into_inner())
    }

    #[test]
    fn made_twice_it_has_the_same_digest_for_its_architecture() {
        let (digest, archive) = written();
        assert!(digest[0].starts_with("sha256:"), "{digest:?}");
        assert_eq!((digest, archive.clone()), written());
        let text = String::from_utf8_lossy(&archive);
        assert!(text.contains(r#""architecture":"arm64""#) && !text.contains("amd64"));
        assert!(text.contains(r#""User":"65532:65532""#));
    }

    #[test]
    fn no_ca_of_this_machines_owner_is_in_it() {
        let bundle = String::from_utf8(ca_bundle().unwrap()).unwrap();
        let count = bundle.matches("BEGIN CERTIFICATE").count();
        assert!(count > 100, "{count}");
        assert_eq!(count, fs::read_dir(CAS).unwrap().count());
    }
}
