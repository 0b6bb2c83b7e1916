//! The entries that an archive may have, and those that are refused by name.

use tokio_tar::EntryType;

use super::*;

/// Kind, name, and content or link.
type Given<'a> = (EntryType, &'a str, &'a [u8]);

const FILE: EntryType = EntryType::Regular;
const DIRECTORY: EntryType = EntryType::Directory;
const SYMLINK: EntryType = EntryType::Symlink;
const LINK: EntryType = EntryType::Link;

/// Returns a tar with exactly the given names, absolute or climbing.
async fn raw(entries: &[Given<'_>]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (kind, name, content) in entries {
        let is_link = kind.is_symlink() || kind.is_hard_link();
        let content = if is_link { &b""[..] } else { content };
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_uid(500);
        header.set_gid(500);
        header.set_mtime(1);
        header.set_size(content.len() as u64);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if is_link {
            let target = entries.iter().find(|entry| entry.1 == *name).unwrap().2;
            header.as_old_mut().linkname[..target.len()].copy_from_slice(target);
        }
        header.set_cksum();
        tar.append(&header, content).await.unwrap();
    }
    tar.into_inner().await.unwrap()
}

async fn opened() -> (tempfile::TempDir, ImageStore) {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    (root, store)
}

/// Builds from a context with a Dockerfile and these entries.
async fn built(store: &ImageStore, dockerfile: &str, entries: &[Given<'_>]) -> Result<Built, StoreError> {
    let dockerfile = (FILE, "Dockerfile", dockerfile.as_bytes());
    let context = raw(&[&[dockerfile], entries].concat()).await;
    build_of(store, Box::new(io::Cursor::new(context))).await
}

/// Returns the name, kind and link target of the only layer's entries.
async fn entries(store: &ImageStore, built: Built) -> Vec<(String, EntryType, String)> {
    let layers = built.image.overlay.unwrap().layers;
    let mut archive = Archive::new(store.blob(&layers[0]).await.unwrap().0);
    let mut entries = archive.entries().unwrap();
    let mut all = Vec::new();
    while let Some(entry) = entries.next().await {
        let entry = entry.unwrap();
        let link = entry.link_name().unwrap().map(|link| link.display().to_string());
        let name = entry.path().unwrap().display().to_string();
        all.push((name, entry.header().entry_type(), link.unwrap_or_default()));
    }
    all
}

const OUT: [(&[Given<'static>], &str); 4] = [
    (&[(FILE, "../escaped", b"x")], "../escaped"),
    (&[(FILE, "a/../../escaped", b"x")], "a/../../escaped"),
    (
        &[(SYMLINK, "door", b"/etc"), (FILE, "door/passwd", b"x")],
        "door/passwd would be written through the link door",
    ),
    (
        &[(SYMLINK, "a/door", b"../../etc"), (DIRECTORY, "a/door/d", b"")],
        "a/door/d would be written through the link a/door",
    ),
];

#[tokio::test]
async fn what_climbs_out_or_is_written_through_a_link_that_does_is_refused_by_name() {
    let (root, store) = opened().await;
    let before = files(root.path());
    for (given, name) in OUT {
        let archive = raw(given).await;
        let upload = store.put_blob(Box::new(io::Cursor::new(archive.clone()))).await;
        let context = built(&store, "FROM a", given).await;
        let added = built(&store, "FROM a\nADD x.tar /opt", &[(FILE, "x.tar", &archive)]).await;
        for refused in [
            upload.map(drop).unwrap_err(),
            context.unwrap_err(),
            added.unwrap_err(),
        ] {
            assert!(matches!(refused, StoreError::Invalid(_)), "{refused}");
            assert!(refused.to_string().contains(name), "{name}: {refused}");
        }
    }
    assert_eq!(files(root.path()), before);
}

#[tokio::test]
async fn absolute_names_are_legal_and_a_links_target_is_data() {
    let (_root, store) = opened().await;
    let given: [Given<'_>; 6] = [
        (FILE, "/etc/hyperledger/peer.crt", b"PEM"),
        (SYMLINK, "out", b"/no/such/place"),
        (SYMLINK, "up", b"../../../up"),
        (SYMLINK, "bin", b"usr/bin"),
        (FILE, "bin/tool", b"x"),
        (LINK, "hard", b"bin/tool"),
    ];
    let archive = raw(&given).await;
    store
        .put_blob(Box::new(io::Cursor::new(archive.clone())))
        .await
        .unwrap();
    let added = [(FILE, "x.tar", archive.as_slice())];
    let added = built(&store, "FROM a\nADD x.tar /opt", &added).await.unwrap();
    let expected = [
        ("opt/etc/hyperledger/peer.crt", FILE, ""),
        ("opt/out", SYMLINK, "/no/such/place"),
        ("opt/up", SYMLINK, "../../../up"),
        ("opt/bin", SYMLINK, "usr/bin"),
        ("opt/usr/bin/tool", FILE, ""),
        ("opt/hard", LINK, "opt/usr/bin/tool"),
    ];
    let expected = expected.map(|(name, kind, link)| (name.to_owned(), kind, link.to_owned()));
    assert_eq!(entries(&store, added).await, expected);
    let copied = built(&store, "FROM a\nCOPY . /opt/", &given).await.unwrap();
    let copied = entries(&store, copied).await;
    let kind = |name: &str| copied.iter().find(|entry| entry.0 == name).map(|entry| entry.1);
    assert_eq!(kind("opt/etc/hyperledger/peer.crt"), Some(FILE));
    assert_eq!(kind("opt/out"), Some(SYMLINK));
    // As in Docker, COPY turns a hard link into a file.
    assert_eq!(
        (kind("opt/usr/bin/tool"), kind("opt/hard")),
        (Some(FILE), Some(FILE))
    );
}

#[tokio::test]
async fn long_names_arrive_and_longer_ones_than_linux_knows_do_not() {
    let (_root, store) = opened().await;
    let long = ["d".repeat(200), "e".repeat(200), "f".repeat(200)].join("/");
    let archive = tar(&[(&long, 0o644, b"x")]).await;
    let added = [(FILE, "x.tar", archive.as_slice())];
    let added = built(&store, "FROM a\nADD x.tar /opt", &added).await.unwrap();
    let names = entries(&store, added).await;
    assert_eq!(names, [(format!("opt/{long}"), FILE, String::new())]);
    let longer = vec!["d".repeat(200); 21].join("/");
    let archive = tar(&[(&longer, 0o644, b"x")]).await;
    let refused = store.put_blob(Box::new(io::Cursor::new(archive))).await;
    let refused = refused.map(drop).unwrap_err().to_string();
    assert!(
        refused.starts_with("the archive has a path of more than 4096 bytes: ddd"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_no_chaincode_has_is_refused() {
    let (_root, store) = opened().await;
    let one = raw(&[(DIRECTORY, "d", b"")]).await;
    let many = one[..512].repeat(250_001);
    let refused = store.put_blob(Box::new(io::Cursor::new(many))).await;
    let refused = refused.map(drop).unwrap_err().to_string();
    assert_eq!(refused, "the archive has more than 250000 entries");
    let name = raw(&[(
        EntryType::GNULongName,
        "././@LongLink",
        &vec![b'n'; (128 << 10) + 1],
    )])
    .await;
    let size = [
        hostile::pax(&[("size", "99999999999")]),
        raw(&[(FILE, "x", b"")]).await,
    ]
    .concat();
    for (archive, text) in [
        (name, "the archive has a name or attributes of more than 128 KiB"),
        (size, "the archive has more than 4 GiB"),
        (vec![b'x'; 2048], "this is not a valid tar"),
        (one[..100].to_vec(), "the tar is cut off"),
    ] {
        let refused = store.put_blob(Box::new(io::Cursor::new(archive))).await;
        let refused = refused.map(drop).unwrap_err();
        assert!(matches!(refused, StoreError::Invalid(_)), "{refused}");
        assert!(refused.to_string().starts_with(text), "{refused}");
    }
}

#[tokio::test]
async fn copies_are_roots_and_an_added_archive_keeps_its_owners() {
    let (_root, store) = opened().await;
    let archive = gzip(&raw(&[(FILE, "tool", b"x")]).await).await;
    for (dockerfile, owner, name) in [
        ("FROM a\nCOPY x.tgz /opt/", 0, "opt/x.tgz"),
        ("FROM a\nADD file /opt/", 0, "opt/file"),
        ("FROM a\nADD x.tgz /opt/", 500, "opt/tool"),
    ] {
        let given = [(FILE, "x.tgz", archive.as_slice()), (FILE, "file", b"x")];
        let image = built(&store, dockerfile, &given).await.unwrap().image;
        let (reader, _) = store.blob(&image.overlay.unwrap().layers[0]).await.unwrap();
        let mut archive = Archive::new(reader);
        let entry = archive.entries().unwrap().next().await.unwrap().unwrap();
        let owners = (entry.header().uid().unwrap(), entry.header().gid().unwrap());
        assert_eq!(owners, (owner, owner), "{dockerfile}");
        assert_eq!(entry.path().unwrap().display().to_string(), name);
    }
}
