//! One process at a time has a directory open.

use std::time::Duration;

use super::*;
use crate::OfflineStore;

#[tokio::test(start_paused = true)]
async fn a_second_process_waits_and_leaves_the_unfinished_files_of_the_first() {
    let root = tempfile::tempdir().unwrap();
    let first = open(root.path()).await.unwrap();
    let scratch = first.layout.scratch().unwrap();
    let file = scratch.path().join("half");
    std::fs::write(&file, "x").unwrap();
    let second = tokio::spawn({
        let root = root.path().to_owned();
        async move { open(&root).await }
    });
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert!(!second.is_finished() && file.exists());
    // As if it had been killed: its files stay.
    std::mem::forget(scratch);
    drop(first);
    std::fs::create_dir_all(root.path().join("tmp/killed")).unwrap();
    let second = second.await.unwrap().unwrap();
    assert!(!file.exists() && !root.path().join("tmp/killed").exists());
    assert!(second.layout.scratch().is_ok());
}

#[tokio::test(start_paused = true)]
async fn upkeep_names_who_serves_and_a_process_waits_for_upkeep() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let upkeep = OfflineStore::open(&at(root.path())).await.unwrap();
    let name = format!("process {} on ", std::process::id());
    assert!(upkeep.served_by().unwrap().starts_with(&name));
    upkeep.check().await.unwrap();
    drop((upkeep, store));
    let upkeep = OfflineStore::open(&at(root.path())).await.unwrap();
    assert_eq!(upkeep.served_by(), None);
    let waiting = open(root.path());
    tokio::pin!(waiting);
    let soon = tokio::time::timeout(Duration::from_secs(100), &mut waiting).await;
    assert!(soon.is_err());
    drop(upkeep);
    assert!(waiting.await.is_ok());
}
