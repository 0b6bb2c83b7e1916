//! Extensions that are read into memory before an entry is known.

use super::*;
use crate::entries::Entries;
use crate::limits::EXTENSIONS;

/// Returns an entry of 3 GiB that holds another one's name, link or attributes.
fn endless(kind: u8) -> impl Iterator<Item = Vec<u8>> + Send + 'static {
    let mut header = if kind == b'x' {
        Header::new_ustar()
    } else {
        Header::new_gnu()
    };
    header.set_entry_type(EntryType::new(kind));
    header.set_size(3 << 30);
    header.set_cksum();
    let content = std::iter::repeat_n(vec![b'a'; BLOCK], (3 << 30) / BLOCK);
    std::iter::once(header.as_bytes().to_vec()).chain(content)
}

#[tokio::test]
async fn names_and_attributes_are_not_read_beyond_their_limit() {
    for kind in [b'L', b'K', b'x'] {
        let (tar, read) = body(endless(kind));
        let refused = invalid(Entries::new(tar).unwrap().next().await);
        assert_eq!(
            refused,
            "the archive has a name or attributes of more than 128 KiB"
        );
        assert!(read.load(Ordering::Relaxed) <= 2 * EXTENSIONS.most, "{read:?}");
    }
}

#[tokio::test]
async fn an_archive_that_says_that_it_is_too_large_is_not_read_to_there() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let inner = gzip(header(b'0', "a", 5 << 30).as_bytes()).await;
    let context = [
        entry(b'0', "Dockerfile", b"FROM a\nADD z.gz /x/"),
        entry(b'0', "z.gz", &inner),
    ]
    .concat();
    let refused = invalid(build_of(&store, Box::new(io::Cursor::new(context))).await);
    assert_eq!(refused, "line 2: ADD z.gz: the archive has more than 4 GiB");
}

#[tokio::test]
async fn what_git_notes_for_the_whole_archive_is_no_entry() {
    let mut noted = Header::new_ustar();
    noted.set_entry_type(EntryType::XGlobalHeader);
    noted.set_size(8);
    noted.set_cksum();
    let archive = [
        padded(&[noted.as_bytes(), &b"8 a=bcd\n"[..]].concat()),
        entry(b'0', "a", b"x"),
    ]
    .concat();
    let mut entries = Entries::new(Box::new(io::Cursor::new(archive))).unwrap();
    assert_eq!(entries.next().await.unwrap().unwrap().path, Path::new("a"));
    assert!(entries.next().await.unwrap().is_none());
}
