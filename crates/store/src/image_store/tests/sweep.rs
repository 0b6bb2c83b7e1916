//! Sweeps remove what nobody needs, and nothing else.

use super::*;
use crate::offline::OfflineStore;

/// A store with the image `kv:1` of scope `a`.
async fn with_an_image() -> (tempfile::TempDir, ImageStore, Built) {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let context = tar(&[("Dockerfile", 0o644, b"FROM base\nCOPY x /"), ("x", 0o644, b"1")]).await;
    let request = BuildRequest {
        tags: vec!["kv:1".to_owned()],
        ..BuildRequest::default()
    };
    let context = Box::new(io::Cursor::new(context));
    let built = store
        .build(&scope("a"), &request, &|_| Ok(()), context)
        .await
        .unwrap();
    (root, store, built)
}

#[tokio::test]
async fn a_sweep_takes_what_neither_image_nor_record_needs() {
    let (_root, store, built) = with_an_image().await;
    let mut digests = Vec::new();
    for content in ["needed", "left"] {
        let content = tar(&[(content, 0o644, b"")]).await;
        let kept = store.put_blob(Box::new(io::Cursor::new(content))).await.unwrap();
        digests.push(kept.digest.clone());
    }
    let needed = HashSet::from([digests[0].clone()]);
    assert_eq!(store.sweep(&|| needed.clone()).await.unwrap(), 1);
    assert!(store.blob(&digests[0]).await.is_ok());
    assert!(store.blob(&digests[1]).await.is_err());
    for layer in &built.image.overlay.unwrap().layers {
        assert!(store.blob(layer).await.is_ok());
    }
    // The layer, its configuration and its manifest are removed with their image.
    assert!(store.remove_image(&scope("a"), "kv:1").await.unwrap());
    assert_eq!(store.sweep(&HashSet::new).await.unwrap(), 4);
}

#[tokio::test]
async fn a_sweep_waits_for_a_blob_that_is_about_to_be_needed() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let kept = store.put_blob(Box::new(tokio::io::empty())).await.unwrap();
    let needed = HashSet::from([kept.digest.clone()]);
    let needed = || needed.clone();
    let sweep = store.sweep(&needed);
    tokio::pin!(sweep);
    assert!(futures::poll!(&mut sweep).is_pending());
    drop(kept);
    assert_eq!(sweep.await.unwrap(), 0);
}

#[tokio::test]
async fn upkeep_sweeps_only_what_nobody_serves() {
    let root = tempfile::tempdir().unwrap();
    assert!(OfflineStore::open(&at(root.path())).await.is_err());
    let store = open(root.path()).await.unwrap();
    let content = tar(&[("x", 0o644, b"1")]).await;
    let kept = store.put_blob(Box::new(io::Cursor::new(content))).await.unwrap();
    let (digest, scratch) = (kept.digest.clone(), store.layout.scratch().unwrap());
    let upkeep = OfflineStore::open(&at(root.path())).await.unwrap();
    assert!(!upkeep.is_alone());
    assert_eq!(upkeep.idle(HashSet::new()).await.unwrap().0, 1);
    assert_eq!(upkeep.sweep(HashSet::new()).await.unwrap(), 0);
    assert!(scratch.path().exists() && store.blob(&digest).await.is_ok());
    drop((upkeep, store, kept));
    let upkeep = OfflineStore::open(&at(root.path())).await.unwrap();
    assert!(upkeep.is_alone());
    assert_eq!(upkeep.sweep(HashSet::from([digest])).await.unwrap(), 0);
    assert_eq!(upkeep.sweep(HashSet::new()).await.unwrap(), 1);
}

#[tokio::test]
async fn an_image_is_old_when_no_container_has_it_and_others_are_seen() {
    let (root, store, built) = with_an_image().await;
    pull(&store, "a", "base").await;
    let upkeep = OfflineStore::open(&at(root.path())).await.unwrap();
    let used = HashSet::from([built.image.id]);
    let soon = Timestamp::now() + std::time::Duration::from_secs(1);
    let names = async |used: &HashSet<Digest>, before| -> Vec<String> {
        let old = upkeep.old_images(&scope("a"), used, before).await.unwrap();
        old.into_iter().map(|image| image.name).collect()
    };
    assert_eq!(names(&used, soon).await, [""; 0]);
    assert_eq!(names(&HashSet::new(), Timestamp::UNIX_EPOCH).await, [""; 0]);
    assert_eq!(names(&HashSet::new(), soon).await, ["kv:1"]);
    assert!(upkeep.has_others(&scope("b")).await.unwrap());
    assert!(!upkeep.has_others(&scope("a")).await.unwrap());
}
