//! Bodies that a stranger may send. They are made while they are read, and the tests check how little of them
//! is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_tar::EntryType;

use super::*;
use crate::limits::LIMITS;

mod dockerfile;
mod extensions;
mod names;
mod sparse;

/// A tar's block.
const BLOCK: usize = 512;
/// The end of a tar.
const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// Returns a header as GNU tar writes it, of a file or of another kind.
fn header(kind: u8, name: &str, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::new(kind));
    header.set_mode(0o644);
    header.set_mtime(1);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_cksum();
    header
}

/// Returns a whole entry.
fn entry(kind: u8, name: &str, content: &[u8]) -> Vec<u8> {
    let header = header(kind, name, content.len() as u64);
    padded(&[header.as_bytes(), content].concat())
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// Returns POSIX attributes that precede an entry.
pub(super) fn pax(attributes: &[(&str, &str)]) -> Vec<u8> {
    let record = |(key, value): &(&str, &str)| {
        let rest = format!(" {key}={value}\n");
        let digits = (1..).find(|digits| (rest.len() + digits).to_string().len() == *digits);
        format!("{}{rest}", rest.len() + digits.unwrap())
    };
    let records: String = attributes.iter().map(record).collect();
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::XHeader);
    header.set_size(records.len() as u64);
    header.set_cksum();
    padded(&[header.as_bytes(), records.as_bytes()].concat())
}

/// Returns a body of these pieces, and a counter of the bytes that have been read.
fn body(pieces: impl Iterator<Item = Vec<u8>> + Send + 'static) -> (Reader, Arc<AtomicU64>) {
    let read = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&read);
    let pieces = pieces.map(move |piece| {
        count.fetch_add(piece.len() as u64, Ordering::Relaxed);
        io::Result::Ok(io::Cursor::new(piece))
    });
    let reader = tokio_util::io::StreamReader::new(futures::stream::iter(pieces));
    (Box::new(reader), read)
}

fn invalid<T>(refused: Result<T, StoreError>) -> String {
    match refused {
        Err(StoreError::Invalid(text)) => text,
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it was accepted"),
    }
}

#[test]
fn the_limits_are_those_of_the_documentation() {
    let docs = include_str!("../../../../../docs/limits.md").lines();
    let documented: Vec<_> = docs.filter(|row| row.ends_with("| `store` |")).collect();
    assert_eq!(documented, LIMITS.map(|limit| limit.row("store")));
}
