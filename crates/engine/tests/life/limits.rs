//! Requests of clients and agents beyond a limit are refused, with a sentence that names the limit.

use engine::ports::{BuildRequest, Store};
use futures::future::join_all;
use tokio_tar::{Builder, Header};

use super::*;

/// Returns a tar with one file of that many bytes.
async fn tar(bytes: usize) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_mode(0o600);
    header.set_size(bytes as u64);
    header.set_cksum();
    let mut tar = Builder::new(Vec::new());
    let content = vec![0; bytes];
    tar.append_data(&mut header, "file", content.as_slice())
        .await
        .unwrap();
    tar.into_inner().await.unwrap()
}

fn invalid<T>(refused: Result<T, Error>) -> String {
    match refused {
        Err(Error::Invalid(text)) => text,
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it was accepted"),
    }
}

#[tokio::test]
async fn a_container_takes_so_many_uploads_even_at_once() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let tar = tar(1).await;
    let upload = |_| {
        lab.engine
            .upload(NAME, "/etc", Box::new(std::io::Cursor::new(tar.clone())))
    };
    let all = join_all((0..80).map(upload)).await;
    let (kept, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!((kept.len(), refused.len()), (64, 16));
    for refused in refused {
        let text = invalid(refused);
        assert!(
            text.ends_with("has 64 uploads already; put several files into one archive"),
            "{text}"
        );
    }
    assert_eq!(
        lab.engine.inspect(NAME).await.unwrap().container.uploads.len(),
        64
    );
}

#[tokio::test]
async fn a_containers_secrets_have_a_size_in_all() {
    let lab = lab();
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let tar = tar(400 * 1024).await;
    let upload = async || {
        let tar = Box::new(std::io::Cursor::new(tar.clone()));
        lab.engine.upload(NAME, "/etc", tar).await
    };
    upload().await.unwrap();
    upload().await.unwrap();
    let text = invalid(upload().await);
    assert!(
        text.contains("may have 1 MiB of uploaded files in Secrets"),
        "{text}"
    );
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_by_its_largest_part() {
    let lab = lab();
    let labels = (0..2000).map(|number| (format!("label-{number}"), "x".repeat(40)));
    let mut large = spec();
    large.labels = labels.collect();
    assert_eq!(
        invalid(lab.engine.create(Some(NAME.to_owned()), large).await),
        "the create request is larger than 64 KiB, most of it its labels: make that smaller"
    );
}

#[tokio::test]
async fn containers_beyond_the_setting_are_refused_until_one_is_removed() {
    let (cluster, store) = (Arc::new(FakeCluster::default()), Arc::new(FakeStore::default()));
    let settings = engine::Settings {
        max_containers: 2,
        ..testkit::settings("one")
    };
    store.add_built(&settings.scope, "kv:1", "base", b"layer");
    let engine = Engine::new(settings, cluster, store);
    let create = |name: &str| engine.create(Some(name.to_owned()), spec());
    create("a").await.unwrap();
    create("b").await.unwrap();
    assert!(
        matches!(create("b").await, Err(Error::Busy(text)) if text.contains("raise chainpod's setting max-containers"))
    );
    engine.remove("a", true).await.unwrap();
    create("c").await.unwrap();
}

#[tokio::test]
async fn a_build_gives_so_many_names() {
    let request = BuildRequest {
        tags: (0..17).map(|number| format!("kv:{number}")).collect(),
        ..BuildRequest::default()
    };
    let built = lab().engine.build(&request, Box::new(tokio::io::empty())).await;
    assert_eq!(invalid(built), "a build may give at most 16 names to its image");
}

#[tokio::test]
async fn an_output_that_is_sent_again_replaces_the_former_one() {
    let lab = lab();
    lab.engine.sweep_all().await;
    let agent = lab.builds().await;
    let mut outputs = Vec::new();
    for content in [&[1; 10][..], &[2; 10][..], &[2; 10][..]] {
        lab.engine.output(&agent, 0, Box::new(content)).await.unwrap();
        let record = lab.engine.inspect(NAME).await.unwrap();
        outputs.extend(record.container.outputs.into_values());
    }
    assert_ne!(outputs[0], outputs[1]);
    assert!(lab.store.blob(&outputs[0]).await.is_err());
    assert!(lab.store.blob(&outputs[1]).await.is_ok());
}
