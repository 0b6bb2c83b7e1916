//! The store in a bucket: the same layout, without the features of a disk.

use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};

use super::*;
use crate::backend::Backend;

async fn opened(objects: &Arc<InMemory>) -> ImageStore {
    let location = "s3://images/net".parse().unwrap();
    let backend = Backend::remote(&location, objects.clone()).unwrap();
    ImageStore::of(Layout::within(backend).await.unwrap())
}

async fn keys(objects: &InMemory) -> Vec<String> {
    let all: Vec<_> = objects.list(None).collect().await;
    all.into_iter()
        .map(|object| object.unwrap().location.to_string())
        .collect()
}

#[tokio::test]
async fn an_image_is_there_when_the_next_process_has_another_disk() {
    let objects = Arc::new(InMemory::new());
    let store = opened(&objects).await;
    let built = build(&store, "FROM base:1\nCOPY dir/a /a\n").await.unwrap().image;
    drop(store);
    let store = opened(&objects).await;
    let found = store.image(&scope("s"), &reference(NAME)).await.unwrap();
    assert_eq!(found.as_ref(), Some(&built));
    let copied = layer(&store, &built.overlay.unwrap().layers[0]).await;
    assert_eq!(copied[0].3, "a");
    assert!(store.size_bytes().await.unwrap() > 0);
    assert!(
        store
            .remove_image(&scope("s"), &found.unwrap().name)
            .await
            .unwrap()
    );
    // Another process may be about to name these blobs.
    assert_eq!(store.sweep(&HashSet::new).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_larger_than_a_request_arrives_whole_and_nothing_stays_on_the_disk() {
    let objects = Arc::new(InMemory::new());
    let store = opened(&objects).await;
    let content: Vec<u8> = (0..20 << 20).map(|byte: u32| (byte >> 8) as u8).collect();
    let plain = tar(&[("x", 0o644, &content)]).await;
    let kept = store
        .put_blob(Box::new(io::Cursor::new(plain.clone())))
        .await
        .unwrap();
    let (mut reader, size) = store.blob(&kept.digest).await.unwrap();
    let mut read = Vec::new();
    reader.read_to_end(&mut read).await.unwrap();
    assert!(size == plain.len() as u64 && read == plain);
    let hex = kept.digest.0.trim_start_matches("sha256:");
    assert_eq!(
        keys(&objects).await,
        [format!("blobs/sha256/{hex}"), "oci-layout".to_owned()]
    );
    let scratch = store.layout.scratch().unwrap();
    let beside = std::fs::read_dir(scratch.path().parent().unwrap()).unwrap();
    assert_eq!(beside.count(), 1, "only the new one is there");
}

#[tokio::test]
async fn a_store_that_is_gone_is_not_ready_and_says_its_name() {
    let objects = Arc::new(InMemory::new());
    let store = opened(&objects).await;
    store.check().await.unwrap();
    objects.delete(&"oci-layout".into()).await.unwrap();
    let error = store.check().await.unwrap_err().to_string();
    assert!(
        error.contains("s3://images/net: ")
            && error.ends_with("create the bucket, or set store to another one"),
        "{error}"
    );
}
