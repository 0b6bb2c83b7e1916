//! Bodies that are rebuilt from the recorder's notes: names, kinds and modes.

use async_compression::tokio::write::GzipEncoder;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio_tar::{Archive, Builder, EntryType, Header};

use super::recording::{Content, TarEntry};

/// Larger files are made smaller: their size is not compared.
const MAX_BYTES: u64 = 64 * 1024;
/// Bytes of a frame's header.
const FRAME_HEADER: usize = 8;

/// Returns a request's body.
pub(super) async fn bytes(content: &Content) -> Bytes {
    if let Some(json) = &content.json {
        return json.to_string().into();
    }
    let tar = tar(content.tar.as_deref().unwrap_or_default()).await;
    if content.encoding.iter().any(|encoding| encoding == "gzip") {
        let mut gzip = GzipEncoder::new(Vec::new());
        gzip.write_all(&tar).await.unwrap();
        gzip.shutdown().await.unwrap();
        return gzip.into_inner().into();
    }
    tar.into()
}

/// Returns a tar of these entries.
pub(super) async fn tar(entries: &[TarEntry]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for entry in entries {
        let content = content_of(entry).await;
        let mut header = Header::new_gnu();
        let is_directory = entry.r#type == "dir";
        header.set_entry_type(if is_directory {
            EntryType::Directory
        } else {
            EntryType::Regular
        });
        header.set_mode(mode(entry));
        header.set_uid(entry.uid);
        header.set_gid(entry.gid);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        // As peers send it: an absolute name is kept unchanged.
        header.as_old_mut().name[..entry.name.len()].copy_from_slice(entry.name.as_bytes());
        header.set_cksum();
        tar.append(&header, content.as_slice()).await.unwrap();
    }
    tar.into_inner().await.unwrap()
}

async fn content_of(entry: &TarEntry) -> Vec<u8> {
    match (&entry.text, entry.name.as_str()) {
        (Some(text), _) => text.clone().into_bytes(),
        // ADD unpacks it.
        (None, "binpackage.tar") => {
            let binary = TarEntry {
                name: "./chaincode".to_owned(),
                mode: "0o100755".to_owned(),
                size: 1,
                ..entry.clone()
            };
            Box::pin(tar(&[binary])).await
        }
        (None, _) => vec![0; usize::try_from(entry.size.min(MAX_BYTES)).unwrap()],
    }
}

fn mode(entry: &TarEntry) -> u32 {
    u32::from_str_radix(entry.mode.trim_start_matches("0o"), 8).unwrap() & 0o7777
}

/// Returns the compared part of a recorded tar: names, kinds and modes.
pub(super) fn listed(entries: &[TarEntry]) -> Vec<(String, bool, u32)> {
    let one = |entry: &TarEntry| (entry.name.clone(), entry.r#type == "dir", mode(entry));
    entries.iter().map(one).collect()
}

/// Returns the same part of a received tar.
pub(super) async fn list(tar: &[u8]) -> Vec<(String, bool, u32)> {
    let mut archive = Archive::new(tar);
    let mut entries = archive.entries().unwrap();
    let mut listed = Vec::new();
    while let Some(entry) = entries.next().await {
        let Ok(entry) = entry else {
            listed.push((format!("no tar: {}", String::from_utf8_lossy(tar)), false, 0));
            break;
        };
        let (name, header) = (
            String::from_utf8(entry.path_bytes().unwrap().to_vec()).unwrap(),
            entry.header(),
        );
        listed.push((
            name,
            header.entry_type().is_dir(),
            header.mode().unwrap() & 0o7777,
        ));
    }
    listed
}

/// Returns the content of an attach stream's frames, without one that the recorder cut.
pub(super) fn payload(mut frames: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    while frames.len() >= FRAME_HEADER {
        let length = u32::from_be_bytes(frames[4..FRAME_HEADER].try_into().unwrap()) as usize;
        let rest = &frames[FRAME_HEADER..];
        let Some(content) = rest.get(..length) else { break };
        payload.extend_from_slice(content);
        frames = &rest[length..];
    }
    payload
}

/// Returns the content of a recorded attach stream.
pub(super) fn recorded_payload(content: &Content) -> Vec<u8> {
    let base64 = content.base64.as_deref().unwrap_or_default();
    // The recorder keeps it up to a length, which need not be a whole group.
    let whole = base64.len() / 4 * 4;
    payload(&STANDARD.decode(&base64[..whole]).unwrap())
}
