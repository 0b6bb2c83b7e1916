//! Writes images as one OCI archive (OCI image layout, in a tar). Layers carry no
//! time of their own: same content, same digest. Those for this machine are not compressed.

use std::fs::File;
use std::io::{Cursor, Read, Seek, Write};
use std::path::PathBuf;
use std::rc::Rc;

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An image before it is written.
pub struct Image {
    /// Its whole names.
    pub names: Vec<String>,
    /// Bottom first.
    pub layers: Vec<Layer>,
    /// As OCI names it: `amd64`.
    pub architecture: &'static str,
    /// The `config` of the OCI image configuration.
    pub config: Value,
}

/// A layer. Copies share its content.
#[derive(Clone)]
pub struct Layer {
    content: Content,
    media_type: &'static str,
    digest: String,
    size: u64,
    /// The digest of its tar, which is its own where it is not compressed.
    diff_id: String,
}

const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
const TAR_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The architecture of this lab.
pub const AMD64: &str = "amd64";

#[derive(Clone)]
enum Content {
    Memory(Rc<[u8]>),
    File(PathBuf),
}

impl Content {
    fn open(&self) -> Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Memory(bytes) => Box::new(&bytes[..]),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }
}

impl Layer {
    /// In memory.
    pub fn memory(tar: Cursor<Vec<u8>>) -> Result<Self> {
        Self::measured(Content::Memory(tar.into_inner().into()))
    }

    /// In memory, compressed as far as gzip can.
    pub fn compressed(tar: Cursor<Vec<u8>>) -> Result<Self> {
        let tar = tar.into_inner();
        let (diff_id, _) = measure(&mut &tar[..])?;
        let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        gzip.write_all(&tar)?;
        let layer = Self::measured(Content::Memory(gzip.finish()?.into()))?;
        Ok(Self {
            media_type: TAR_GZIP,
            diff_id,
            ..layer
        })
    }

    /// Its size as it is pulled.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// In a file, which must stay until it is written.
    pub fn file(path: PathBuf) -> Result<Self> {
        Self::measured(Content::File(path))
    }

    fn measured(content: Content) -> Result<Self> {
        let (digest, size) = measure(&mut *content.open()?)?;
        Ok(Self {
            content,
            media_type: TAR,
            diff_id: digest.clone(),
            digest,
            size,
        })
    }
}

/// A layer's tar to be filled.
pub type LayerTar = tar::Builder<Cursor<Vec<u8>>>;

/// An empty one.
pub fn tar() -> LayerTar {
    tar::Builder::new(Cursor::new(Vec::new()))
}

/// Adds a file.
pub fn append(tar: &mut tar::Builder<impl Write>, path: &str, mode: u32, content: &[u8]) -> Result<()> {
    let mut header = header(tar::EntryType::Regular, mode);
    header.set_size(content.len() as u64);
    Ok(tar.append_data(&mut header, path, content)?)
}

/// Adds a symbolic link.
pub fn link(tar: &mut tar::Builder<impl Write>, path: &str, target: &str) -> Result<()> {
    Ok(tar.append_link(&mut header(tar::EntryType::Symlink, 0o777), path, target)?)
}

/// Adds a directory that belongs to `owner`, user and group.
pub fn directory(tar: &mut tar::Builder<impl Write>, path: &str, mode: u32, owner: u64) -> Result<()> {
    let mut header = header(tar::EntryType::Directory, mode);
    header.set_uid(owner);
    header.set_gid(owner);
    Ok(tar.append_data(&mut header, path, std::io::empty())?)
}

fn header(kind: tar::EntryType, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_size(0);
    header
}

/// Writes the archive of these images: an OCI layout with the manifest of `docker save` next to it. Returns
/// the digest of each image.
pub fn write(images: &[Image], out: impl Write + Seek) -> Result<Vec<String>> {
    let mut archive = Archive {
        tar: tar::Builder::new(out),
        written: Vec::new(),
    };
    append(
        &mut archive.tar,
        "oci-layout",
        0o644,
        br#"{"imageLayoutVersion":"1.0.0"}"#,
    )?;
    let added = images.iter().map(|image| archive.image(image));
    let added = added.collect::<Result<Vec<_>>>()?;
    let manifests: Vec<_> = added.iter().flat_map(|added| &added.manifests).collect();
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests,
    });
    archive.file("index.json", &index)?;
    archive.file(
        "manifest.json",
        &added.iter().map(|added| added.of_docker.clone()).collect(),
    )?;
    archive.tar.finish()?;
    Ok(added.into_iter().map(|added| added.digest).collect())
}

/// An archive that is being written. A blob is written once.
struct Archive<W: Write> {
    tar: tar::Builder<W>,
    written: Vec<String>,
}

/// An image whose blobs are in the archive.
struct Added {
    digest: String,
    /// Its entries in the index, one for each name.
    manifests: Vec<Value>,
    /// Its entry in the manifest of `docker save`.
    of_docker: Value,
}

impl<W: Write> Archive<W> {
    fn image(&mut self, image: &Image) -> Result<Added> {
        let layers = image.layers.iter().map(|layer| self.layer(layer));
        let layers = layers.collect::<Result<Vec<_>>>()?;
        let diff_ids = image
            .layers
            .iter()
            .map(|layer| format!("sha256:{}", layer.diff_id));
        let config = json!({
            "created": "2025-01-01T00:00:00Z", "architecture": image.architecture, "os": "linux",
            "config": image.config, "rootfs": {"type": "layers", "diff_ids": diff_ids.collect::<Vec<_>>()},
        });
        let config = self.json("application/vnd.oci.image.config.v1+json", &config)?;
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers});
        let mut entry = self.json(kind, &manifest)?;
        entry["platform"] = json!({"architecture": image.architecture, "os": "linux"});
        let named = |name| {
            let mut entry = entry.clone();
            entry["annotations"] =
                json!({"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name});
            entry
        };
        let path = |descriptor: &Value| blob_path(digest(descriptor));
        Ok(Added {
            digest: digest(&entry).to_owned(),
            manifests: image.names.iter().map(named).collect(),
            of_docker: json!({
                "Config": path(&config), "RepoTags": image.names,
                "Layers": layers.iter().map(path).collect::<Vec<_>>(),
            }),
        })
    }

    fn layer(&mut self, layer: &Layer) -> Result<Value> {
        if self.is_new(&layer.digest) {
            let mut header = header(tar::EntryType::Regular, 0o644);
            header.set_size(layer.size);
            let content = &mut *layer.content.open()?;
            self.tar
                .append_data(&mut header, blob_path(&layer.digest), content)?;
        }
        Ok(descriptor(layer.media_type, &layer.digest, layer.size))
    }

    fn json(&mut self, kind: &str, value: &Value) -> Result<Value> {
        let bytes = serde_json::to_vec(value)?;
        let (digest, size) = measure(&mut bytes.as_slice())?;
        if self.is_new(&digest) {
            append(&mut self.tar, &blob_path(&digest), 0o644, &bytes)?;
        }
        Ok(descriptor(kind, &digest, size))
    }

    fn file(&mut self, path: &str, content: &Value) -> Result<()> {
        append(&mut self.tar, path, 0o644, &serde_json::to_vec(content)?)
    }

    fn is_new(&mut self, digest: &str) -> bool {
        let is_new = self.written.iter().all(|written| written != digest);
        if is_new {
            self.written.push(digest.to_owned());
        }
        is_new
    }
}

fn digest(descriptor: &Value) -> &str {
    descriptor["digest"].as_str().unwrap_or_default()
}

fn descriptor(kind: &str, digest: &str, size: u64) -> Value {
    json!({"mediaType": kind, "digest": format!("sha256:{digest}"), "size": size})
}

fn blob_path(digest: &str) -> String {
    let digest = digest.trim_start_matches("sha256:");
    format!("blobs/sha256/{digest}")
}

fn measure(content: &mut dyn Read) -> Result<(String, u64)> {
    let mut hash = Sha256::new();
    let size = std::io::copy(content, &mut hash)?;
    Ok((hex::encode(hash.finalize()), size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_gives_the_same_archive() {
        let archive = || {
            let mut layer = tar();
            append(&mut layer, "bin/program", 0o755, b"program").unwrap();
            let layers = vec![Layer::memory(layer.into_inner().unwrap()).unwrap()];
            let image = Image {
                names: vec!["example.com/a:1".to_owned()],
                layers,
                architecture: AMD64,
                config: json!({}),
            };
            let mut out = Cursor::new(Vec::new());
            write(&[image], &mut out).unwrap();
            out.into_inner()
        };
        assert_eq!(archive(), archive());
    }
}
