//! Files with holes: a few bytes that unfold to gigabytes, and two readings of one archive.

use super::*;

/// Returns an old GNU header of a file with holes: the positions of its pieces, and whether more follow the
/// header.
fn old_gnu(name: &str, size: u64, pieces: &[(u64, u64)], is_extended: bool, real_size: u64) -> Vec<u8> {
    let mut header = header(b'S', name, size);
    let gnu = header.as_gnu_mut().unwrap();
    let octal =
        |field: &mut [u8; 12], number: u64| field.copy_from_slice(format!("{number:011o}\0").as_bytes());
    for (at, piece) in pieces.iter().zip(&mut gnu.sparse) {
        octal(&mut piece.offset, at.0);
        octal(&mut piece.numbytes, at.1);
    }
    gnu.isextended[0] = u8::from(is_extended);
    octal(&mut gnu.realsize, real_size);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn all_forms() -> Vec<(&'static str, Vec<u8>)> {
    let real = 0o777_7777_7777;
    let posix = |attributes: &[(&str, &str)]| {
        let mut bytes = pax(attributes);
        bytes.extend(entry(b'0', "etc/a", b"0\n"));
        bytes
    };
    let mut forms = vec![
        ("old GNU", old_gnu("etc/a", 0, &[(real, 0)], false, real)),
        (
            "0.0",
            posix(&[("GNU.sparse.size", "8589934591"), ("GNU.sparse.numblocks", "0")]),
        ),
        (
            "0.1",
            posix(&[
                ("GNU.sparse.map", "8589934591,0"),
                ("GNU.sparse.size", "8589934591"),
            ]),
        ),
        (
            "1.0",
            posix(&[("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")]),
        ),
    ];
    for (_, form) in &mut forms {
        form.extend(END);
    }
    forms
}

#[tokio::test]
async fn a_file_with_holes_is_refused_by_name_wherever_an_archive_is_read() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let before = files(root.path());
    for (form, archive) in all_forms() {
        let dockerfile = |text: &str| entry(b'0', "Dockerfile", text.as_bytes());
        let context = [dockerfile("FROM a\n"), archive.clone()].concat();
        let added = entry(b'0', "x.tar", &archive);
        let added = [dockerfile("FROM a\nADD x.tar /x/\n"), added, END.to_vec()].concat();
        let of = |bytes: Vec<u8>| Box::new(io::Cursor::new(bytes));
        let uploaded = store.put_blob(of(archive.clone())).await.map(drop);
        for (way, refused) in [
            ("an upload or output", uploaded),
            ("a context", build_of(&store, of(context)).await.map(drop)),
            ("ADD", build_of(&store, of(added)).await.map(drop)),
        ] {
            let text = invalid(refused);
            assert!(text.contains("a sparse file: etc/a"), "{form}, {way}: {text}");
        }
    }
    assert_eq!(files(root.path()), before);
}

/// Returns one archive with two readings: one large file for a reader that ignores extended sparse headers, a
/// long name for one that knows them.
fn two_archives(name_bytes: usize) -> impl Iterator<Item = Vec<u8>> + Send + 'static {
    let swallowed = 2 * BLOCK + name_bytes;
    let before = [
        entry(b'0', "Dockerfile", b"FROM a\n"),
        old_gnu("a", 512, &[(0, 512)], true, 512),
        vec![0; BLOCK],
        header(b'0', "swallow", swallowed as u64).as_bytes().to_vec(),
        header(b'L', "././@LongLink", name_bytes as u64)
            .as_bytes()
            .to_vec(),
    ];
    let after = [header(b'0', "b", 0).as_bytes().to_vec(), END.to_vec()];
    let name = std::iter::repeat_n(vec![b'a'; 1 << 20], name_bytes >> 20);
    before.into_iter().chain(name).chain(after)
}

#[tokio::test]
async fn an_archive_is_read_once_by_one_reader() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let uploaded = store.put_blob(body(two_archives(16 << 20)).0).await;
    let built = build_of(&store, body(two_archives(16 << 20)).0).await;
    for text in [invalid(uploaded), invalid(built)] {
        assert!(text.contains("a sparse file: a"), "{text}");
    }
}
