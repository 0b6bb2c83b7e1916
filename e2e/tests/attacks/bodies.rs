//! Bodies of a few kilobytes or megabytes that unfold to gigabytes. They come piece by piece: a piece that is sent
//! often is compressed once, as gzip's files may follow each other.

use std::io::Write;
use std::iter::{once, repeat_n};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, GnuHeader, GnuSparseHeader, Header};

/// A body as it is sent.
pub(super) type Body = Box<dyn Iterator<Item = Vec<u8>> + Send>;

/// A tar's unit.
const BLOCK: usize = 512;
/// What ends a tar.
const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];
/// The name of an entry that has the next one's long name.
const LONG: &str = "././@LongLink";
const MIB: usize = 1 << 20;
/// A Dockerfile that copies all of its context.
const COPY_ALL: &[u8] = b"FROM hyperledger/fabric-baseos:2.5\nCOPY . /x/\n";

/// 1.5 KiB: a sparse file of 8 GiB of nothing.
pub(super) fn sparse() -> Body {
    const SIZE: u64 = (8 << 30) - 1;
    let file = header("etc/a", EntryType::GNUSparse, 0, |header| {
        hole(&mut header.sparse[0], SIZE, 0);
        octal(&mut header.realsize, SIZE);
    });
    Box::new(once([&file[..], &END].concat()))
}

/// Who does not skip a sparse file's second header sees one large file; who does, a name of 3 GiB.
pub(super) fn differential() -> Body {
    const NAME_MIB: usize = 3 * 1024;
    let sparse = header("a", EntryType::GNUSparse, BLOCK, |header| {
        hole(&mut header.sparse[0], 0, BLOCK as u64);
        octal(&mut header.realsize, BLOCK as u64);
        header.isextended = [1];
    });
    let all = NAME_MIB * MIB + 2 * BLOCK;
    let beginning = [
        sparse,
        vec![0; BLOCK],
        plain("swallow", EntryType::Regular, all),
        plain(LONG, EntryType::GNULongName, NAME_MIB * MIB),
    ];
    let end = [&plain("b", EntryType::Regular, 0)[..], &END].concat();
    Box::new(
        once(gzip(&beginning.concat()))
            .chain(repeat_n(gzip(&vec![b'a'; MIB]), NAME_MIB))
            .chain(once(gzip(&end))),
    )
}

/// 30 000 links to places with names of that length.
pub(super) fn links(target_bytes: usize) -> Body {
    let target = gzip(&long(EntryType::GNULongLink, "b/".repeat(target_bytes / 2)));
    let links = (0..30_000).flat_map(move |number| {
        let link = header(&format!("l{number}"), EntryType::Symlink, 0, |header| {
            header.linkname[0] = b'b';
        });
        [target.clone(), gzip(&link)]
    });
    context(links)
}

/// 240 000 files with names of 4 000 bytes: 1 GiB.
pub(super) fn paths() -> Body {
    let file = plain("f", EntryType::Regular, 0);
    let files = (0..240_000).map(move |number| {
        let name = format!("{number:06}/{}f", "d/".repeat(1990));
        gzip(&[long(EntryType::GNULongName, name), file.clone()].concat())
    });
    context(files)
}

/// 300 bytes: an environment of 256 GiB.
pub(super) fn environment() -> Body {
    let doubled = "ENV A=$A$A\n".repeat(34);
    dockerfile(&format!("FROM busybox\nENV A=0123456789abcdef\n{doubled}"))
}

/// 1 MiB of instructions.
pub(super) fn instructions() -> Body {
    dockerfile(&format!("FROM a\n{}", "ARG a\n".repeat(170_000)))
}

fn dockerfile(text: &str) -> Body {
    Box::new(once(gzip(
        &[file("Dockerfile", text.as_bytes()), END.into()].concat(),
    )))
}

/// A build context with those entries, all of which are copied.
fn context(entries: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Body {
    let end = once(gzip(&END));
    Box::new(
        once(gzip(&file("Dockerfile", COPY_ALL)))
            .chain(entries)
            .chain(end),
    )
}

/// The entry that says the next one's long name or target.
fn long(kind: EntryType, mut name: String) -> Vec<u8> {
    name.push('\0');
    content(plain(LONG, kind, name.len()), name.as_bytes())
}

fn file(name: &str, text: &[u8]) -> Vec<u8> {
    content(plain(name, EntryType::Regular, text.len()), text)
}

fn content(mut entry: Vec<u8>, content: &[u8]) -> Vec<u8> {
    entry.extend(content);
    entry.resize(entry.len().next_multiple_of(BLOCK), 0);
    entry
}

fn plain(name: &str, kind: EntryType, size: usize) -> Vec<u8> {
    header(name, kind, size, |_| {})
}

/// A header as it is written, whatever sense it makes.
fn header(name: &str, kind: EntryType, size: usize, change: impl FnOnce(&mut GnuHeader)) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(size as u64);
    header.set_entry_type(kind);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.name[..name.len()].copy_from_slice(name.as_bytes());
    change(gnu);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn hole(part: &mut GnuSparseHeader, offset: u64, bytes: u64) {
    octal(&mut part.offset, offset);
    octal(&mut part.numbytes, bytes);
}

fn octal(field: &mut [u8; 12], number: u64) {
    field[..11].copy_from_slice(format!("{number:011o}").as_bytes());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
