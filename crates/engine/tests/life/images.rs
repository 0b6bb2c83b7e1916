//! Facts about images that the store does not have: their commands, and whether they are allowed.

use engine::image::ImageCommand;
use engine::process::Process;
use testkit::FakeImages;

use super::*;

/// Returns an engine whose image `kv:1` is built on `base`, with these facts about it.
fn with_images(images: FakeImages) -> Lab {
    let (cluster, store) = (Arc::new(FakeCluster::default()), Arc::new(FakeStore::default()));
    let settings = engine::Settings {
        images: Arc::new(images),
        ..testkit::settings("one")
    };
    store.add_built(&settings.scope, "kv:1", "base", b"layer");
    Lab {
        engine: Engine::new(settings, cluster.clone(), store.clone()),
        cluster,
        store,
    }
}

fn words(text: &str) -> Option<Vec<String>> {
    Some(text.split(' ').map(str::to_owned).collect())
}

#[tokio::test]
async fn what_the_image_runs_is_asked_for_where_nobody_says_it() {
    let lab = with_images(FakeImages {
        entrypoint: None,
        command: Ok(ImageCommand {
            entrypoint: words("/entry -v"),
            cmd: words("serve"),
        }),
        ..FakeImages::default()
    });
    for (cmd, argv) in [(None, "/entry -v serve"), (words("x"), "/entry -v x")] {
        let spec = Spec { cmd, ..spec() };
        lab.engine.create(Some(NAME.to_owned()), spec).await.unwrap();
        let (started, _) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
        started.unwrap();
        let container = lab.engine.inspect(NAME).await.unwrap().container;
        assert_eq!(Process::of(&container).argv.join(" "), argv);
        lab.engine.remove(NAME, true).await.unwrap();
    }
}

#[tokio::test]
async fn a_container_that_is_removed_while_a_registry_is_asked_gets_no_pod() {
    let late = Duration::from_millis(200);
    let lab = with_images(FakeImages {
        entrypoint: None,
        command: Ok(ImageCommand {
            entrypoint: words("/entry"),
            cmd: None,
        }),
        late,
        ..FakeImages::default()
    });
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let (started, ()) = tokio::join!(lab.engine.start(NAME), async {
        tokio::time::sleep(late / 2).await;
        lab.engine.remove(NAME, true).await.unwrap();
    });
    assert!(matches!(started, Err(Error::StartEnded(_))), "{started:?}");
    tokio::time::sleep(late).await;
    assert!(lab.cluster.launches().is_empty());
}

#[tokio::test]
async fn what_nobody_knows_fails_the_start_with_the_setting() {
    let lab = with_images(FakeImages {
        entrypoint: None,
        ..FakeImages::default()
    });
    lab.engine.create(Some(NAME.to_owned()), spec()).await.unwrap();
    let error = lab.engine.start(NAME).await.unwrap_err().to_string();
    assert!(
        error.contains("the ENTRYPOINT of image base is not known: there is no registry;")
            && error.contains("images[].entrypoint"),
        "{error}"
    );
    // The request names its own ENTRYPOINT.
    lab.engine.remove(NAME, true).await.unwrap();
    let own = Spec {
        entrypoint: words("/own"),
        ..spec()
    };
    lab.engine.create(Some(NAME.to_owned()), own).await.unwrap();
    let (started, _) = tokio::join!(lab.engine.start(NAME), lab.agent_starts());
    started.unwrap();
}

#[tokio::test]
async fn an_image_that_is_not_allowed_is_neither_pulled_nor_made_a_container_of() {
    let lab = with_images(FakeImages {
        forbidden: Some("base".to_owned()),
        ..FakeImages::default()
    });
    for error in [
        lab.engine.pull("base").await.unwrap_err(),
        lab.engine.create(None, spec()).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::NotAllowed(_)), "{error}");
    }
    lab.engine.pull("other").await.unwrap();
}
