//! The memory of a build for an archive: names, and the targets of links.

use std::time::{Duration, Instant};

use super::*;
use crate::context::BuildContext;

/// Returns an entry whose name or link target is in an entry before it.
fn long(kind: u8, text: &str, entry: Vec<u8>) -> Vec<u8> {
    let told = self::entry(kind, "././@LongLink", format!("{text}\0").as_bytes());
    [told, entry].concat()
}

fn symlink(name: &str, target: &str) -> Vec<u8> {
    let mut header = header(b'2', name, 0);
    if target.len() > 100 {
        return long(b'K', target, header.as_bytes().to_vec());
    }
    header.set_link_name(target).unwrap();
    header.set_cksum();
    header.as_bytes().to_vec()
}

async fn received(
    entries: impl Iterator<Item = Vec<u8>> + Send + 'static,
) -> Result<BuildContext, StoreError> {
    let directory = tempfile::tempdir().unwrap();
    BuildContext::receive(body(entries).0, directory.path().join("context")).await
}

#[tokio::test]
async fn a_links_target_is_no_longer_than_a_path() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    for (target, is_refused) in [("b".repeat(4096), false), ("b/".repeat(65_000), true)] {
        let archive = symlink("l", &target);
        let added = [
            entry(b'0', "Dockerfile", b"FROM a\nADD x.tar /x/"),
            entry(b'0', "x.tar", &archive),
        ]
        .concat();
        let of = |bytes: Vec<u8>| Box::new(io::Cursor::new(bytes));
        let uploaded = store.put_blob(of(archive.clone())).await.map(drop);
        let context = received(std::iter::once(archive.clone())).await.map(drop);
        let added = build_of(&store, of(added)).await.map(drop);
        for outcome in [uploaded, context, added] {
            if is_refused {
                let text = invalid(outcome);
                assert!(
                    text.contains("a link target of more than 4096 bytes: l"),
                    "{text}"
                );
            } else {
                outcome.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn names_have_a_budget() {
    let name = |i: usize| format!("{i:06}/{}f", "d/".repeat(1990));
    let paths = (0..12_000).map(move |i| long(b'L', &name(i), header(b'0', "f", 0).as_bytes().to_vec()));
    let target = "b/".repeat(2000);
    let links = (0..12_000).map(move |i| symlink(&format!("l{i}"), &target));
    let uploaded = links.clone();
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    for refused in [
        received(paths).await.map(drop),
        received(links).await.map(drop),
        store.put_blob(body(uploaded).0).await.map(drop),
    ] {
        let text = invalid(refused);
        assert_eq!(text, "the archive has names and links of more than 40 MiB");
    }
}

#[tokio::test]
async fn four_times_the_modules_of_a_large_program_are_within_the_budget() {
    let name = |i: usize| format!("node_modules/{:0>80}/{i:06}", i / 10);
    assert_eq!(name(0).len(), 100);
    let context = received((0..120_000).map(move |i| header(b'0', &name(i), 0).as_bytes().to_vec())).await;
    assert_eq!(context.unwrap().below(Path::new("node_modules")).count(), 120_000);
}

#[tokio::test]
async fn links_are_followed_only_so_far() {
    let links = std::iter::once(symlink("a", &"d/".repeat(2000)));
    let through = (0..10_000).map(|i| header(b'0', &format!("a/{i}"), 0).as_bytes().to_vec());
    let text = invalid(received(links.chain(through)).await);
    assert_eq!(
        text,
        "the archive has links that take more than 5000000 steps to follow"
    );
    // Each time that a link is followed, the path grows.
    let links = [
        symlink("a", &"d/".repeat(2000)),
        symlink(&format!("{}b", "d/".repeat(40)), "x"),
    ];
    let deep = long(
        b'L',
        &format!("a/{}f", "e/".repeat(1900)),
        header(b'0', "f", 0).as_bytes().to_vec(),
    );
    let text = invalid(received(links.into_iter().chain([deep])).await);
    assert!(
        text.starts_with("the archive has a path of more than 4096 bytes: d/d"),
        "{text}"
    );
}

#[tokio::test]
async fn a_directory_is_looked_through_alone() {
    let name = |i: usize| format!("{}/{}", i / 10, i % 10);
    let context = received((0..30_000).map(move |i| header(b'0', &name(i), 0).as_bytes().to_vec())).await;
    let (context, began) = (context.unwrap(), Instant::now());
    for directory in 0..3_000 {
        let directory = directory.to_string();
        assert_eq!(context.below(Path::new(&directory)).count(), 10);
        assert!(context.entry(Path::new(&directory)).is_some());
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(context.below(Path::new("")).count(), 30_000);
    for none in ["1/1", "x", "29"] {
        let expected = if none == "29" { 10 } else { 0 };
        assert_eq!(context.below(Path::new(none)).count(), expected, "{none}");
    }
}
