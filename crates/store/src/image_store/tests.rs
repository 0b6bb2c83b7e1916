//! The store as its callers see it, on a real directory.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tar::{Archive, Builder, Header};

use super::*;

mod archives;
mod bucket;
mod earlier;
mod hostile;
mod lock;
mod sweep;

const FABRIC: &str = "FROM hyperledger/fabric-baseos:2.5\nADD binpackage.tar /usr/local/bin\nLABEL org.hyperledger.fabric.chaincode.type=\"GOLANG\" \\\n      org.hyperledger.fabric.version=\"2.5.9\"\nENV CORE_CHAINCODE_BUILDLEVEL=2.5.9";
const NAME: &str = "dev-peer0.org1.example.com-kv1-ab";

fn at(root: &Path) -> Location {
    Location::Directory(root.to_owned())
}

async fn open(root: &Path) -> Result<ImageStore, StoreError> {
    ImageStore::open(&at(root)).await
}

fn scope(name: &str) -> Scope {
    Scope(name.to_owned())
}

fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

async fn pull(store: &ImageStore, of: &str, name: &str) -> Image {
    let parsed = ImageName::parse(name).unwrap();
    store.pull(&scope(of), &parsed, name).await.unwrap()
}

fn request() -> BuildRequest {
    BuildRequest {
        tags: vec![NAME.to_owned()],
        ..BuildRequest::default()
    }
}

async fn tar(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (path, mode, content) in files {
        let mut header = Header::new_gnu();
        header.set_mode(*mode);
        header.set_uid(7);
        header.set_gid(7);
        header.set_mtime(1);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, path, *content).await.unwrap();
    }
    tar.into_inner().await.unwrap()
}

async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn fabric() -> Vec<u8> {
    let package = tar(&[("chaincode", 0o100_755, b"ELF")]).await;
    gzip(
        &tar(&[
            ("Dockerfile", 0o644, FABRIC.as_bytes()),
            ("binpackage.tar", 0o644, &package),
        ])
        .await,
    )
    .await
}

async fn build_of(store: &ImageStore, context: Reader) -> Result<Built, StoreError> {
    store.build(&scope("s"), &request(), &|_| Ok(()), context).await
}

async fn build(store: &ImageStore, dockerfile: &str) -> Result<Built, StoreError> {
    let context = tar(&[
        ("Dockerfile", 0o644, dockerfile.as_bytes()),
        ("dir/a", 0o600, b"a"),
        ("dir/sub/b", 0o755, b"b"),
    ])
    .await;
    build_of(store, Box::new(io::Cursor::new(context))).await
}

/// Returns the path, mode, owner and content of a layer's entries.
async fn layer(store: &ImageStore, digest: &Digest) -> Vec<(String, u32, u64, String)> {
    let (reader, _) = store.blob(digest).await.unwrap();
    let mut archive = Archive::new(reader);
    let mut entries = archive.entries().unwrap();
    let mut all = Vec::new();
    while let Some(entry) = entries.next().await {
        let mut entry = entry.unwrap();
        let mut content = String::new();
        entry.read_to_string(&mut content).await.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let header = entry.header();
        all.push((path, header.mode().unwrap(), header.uid().unwrap(), content));
    }
    all
}

fn files(root: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.display().to_string());
        }
    }
    all
}

#[tokio::test]
async fn a_peers_build_is_found_by_all_its_names_and_survives_reopening() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let context = fabric().await;
    let built = build_of(&store, Box::new(io::Cursor::new(context)))
        .await
        .unwrap();
    assert_eq!(built.steps.len(), 4);
    assert_eq!(
        built.steps[2],
        "LABEL org.hyperledger.fabric.chaincode.type=\"GOLANG\"       org.hyperledger.fabric.version=\"2.5.9\""
    );
    drop(store);
    let store = open(root.path()).await.unwrap();
    let id = built.image.id.0.clone();
    for name in [NAME, &format!("docker.io/library/{NAME}:latest"), &id, &id[7..19]] {
        assert_eq!(
            store.image(&scope("s"), &reference(name)).await.unwrap().as_ref(),
            Some(&built.image),
            "{name}"
        );
    }
    assert_eq!(built.image.reference, "hyperledger/fabric-baseos:2.5");
    let overlay = built.image.overlay.unwrap();
    assert_eq!(overlay.directories, ["/usr/local/bin"]);
    assert_eq!(overlay.env, ["CORE_CHAINCODE_BUILDLEVEL=2.5.9"]);
    assert_eq!(overlay.labels["org.hyperledger.fabric.version"], "2.5.9");
    let expected = [("usr/local/bin/chaincode".to_owned(), 0o755, 7, "ELF".to_owned())];
    assert_eq!(layer(&store, &overlay.layers[0]).await, expected);
    let (mut reader, size) = store.blob(&Digest(id)).await.unwrap();
    let mut json = String::new();
    reader.read_to_string(&mut json).await.unwrap();
    assert_eq!(json.len() as u64, size);
    oci_spec::image::ImageConfiguration::from_reader(json.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_build_that_fails_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let before = files(root.path());
    let refused = build(&store, "FROM a\n# why\nCOPY dir /x\nRUN make\n")
        .await
        .unwrap_err();
    assert!(
        refused.to_string().starts_with("line 4: RUN needs a builder"),
        "{refused}"
    );
    let missing = build(&store, "FROM a\nADD x /x\n").await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "ADD failed: file not found in build context or excluded by .dockerignore: stat x: file does not exist"
    );
    let empty = store
        .build(
            &scope("s"),
            &request(),
            &|_| Ok(()),
            Box::new(io::Cursor::new(tar(&[]).await)),
        )
        .await
        .unwrap_err();
    assert_eq!(
        empty.to_string(),
        "Cannot locate specified Dockerfile: Dockerfile"
    );
    let whole = fabric().await;
    let half = io::Cursor::new(whole[..whole.len() / 2].to_vec());
    let cut = store
        .build(&scope("s"), &request(), &|_| Ok(()), Box::new(half))
        .await
        .unwrap_err();
    assert!(matches!(cut, StoreError::Cut(_)), "{cut}");
    // The gzip is complete but the connection broke: a compile that failed at the peer.
    let broken = broken_after(whole);
    let cut = store
        .build(&scope("s"), &request(), &|_| Ok(()), broken)
        .await
        .unwrap_err();
    assert!(matches!(cut, StoreError::Cut(_)), "{cut}");
    assert_eq!(files(root.path()), before);
    assert_eq!(store.image(&scope("s"), &reference(NAME)).await.unwrap(), None);
}

/// Returns all the bytes, then an error instead of the end.
fn broken_after(bytes: Vec<u8>) -> Reader {
    let chunks = [
        Ok(io::Cursor::new(bytes)),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ];
    Box::new(tokio_util::io::StreamReader::new(futures::stream::iter(chunks)))
}

#[tokio::test]
async fn copies_are_roots_and_an_image_built_here_is_a_base() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let dockerfile = "ARG B=base\nFROM $B:1\nWORKDIR /w\nCOPY dir .\nADD dir/a sub/\nENTRYPOINT [\"a\", \"b\"]\nCMD run it\n";
    let first = build(&store, dockerfile).await.unwrap().image;
    assert_eq!(first.reference, "base:1");
    let overlay = first.overlay.unwrap();
    assert_eq!(overlay.directories, ["/w", "/w/sub"]);
    assert_eq!(overlay.cmd.unwrap(), ["/bin/sh", "-c", "run it"]);
    assert_eq!(overlay.entrypoint.unwrap(), ["a", "b"]);
    let copied = layer(&store, &overlay.layers[0]).await;
    assert_eq!(copied[0], ("w/a".to_owned(), 0o600, 0, "a".to_owned()));
    assert_eq!(copied[1], ("w/sub/b".to_owned(), 0o755, 0, "b".to_owned()));
    let second = build(&store, &format!("FROM {NAME}\nCOPY dir/a /c/d\n"))
        .await
        .unwrap()
        .image;
    assert_eq!(second.reference, "base:1");
    let overlay = second.overlay.unwrap();
    assert_eq!((overlay.layers.len(), overlay.working_dir.as_str()), (3, "/w"));
    assert_eq!(overlay.directories, ["/w", "/w/sub", "/c"]);
}

#[tokio::test]
async fn a_pull_is_remembered_per_scope() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let pulled = pull(&store, "a", "docker.io/hyperledger/fabric-ccenv:2.5").await;
    drop(store);
    let store = open(root.path()).await.unwrap();
    let short = "hyperledger/fabric-ccenv:2.5";
    assert_eq!(
        store.image(&scope("a"), &reference(short)).await.unwrap(),
        Some(pulled.clone())
    );
    assert_eq!(
        store.image(&scope("a"), &reference(&pulled.id.0)).await.unwrap(),
        Some(pulled.clone())
    );
    assert_eq!(store.image(&scope("b"), &reference(short)).await.unwrap(), None);
    assert_eq!(pull(&store, "b", short).await.id, pulled.id);
    assert!(store.remove_image(&scope("a"), short).await.unwrap());
    assert!(!store.remove_image(&scope("a"), short).await.unwrap());
    assert!(
        store
            .image(&scope("b"), &reference(short))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_blob_is_kept_uncompressed_and_shared() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let plain = tar(&[("x", 0o644, b"content")]).await;
    let packed = gzip(&plain).await;
    let one = store
        .put_blob(Box::new(io::Cursor::new(plain.clone())))
        .await
        .unwrap();
    let two = store.put_blob(Box::new(io::Cursor::new(packed))).await.unwrap();
    assert_eq!(one.digest, two.digest);
    let (mut reader, size) = store.blob(&one.digest).await.unwrap();
    let mut read = Vec::new();
    reader.read_to_end(&mut read).await.unwrap();
    assert_eq!((read.len() as u64, &read), (size, &plain));
    let missing = store.blob(&Digest("sha256:../x".to_owned())).await;
    assert!(matches!(missing.err(), Some(StoreError::Missing(_))));
}

#[tokio::test]
async fn an_image_is_one_under_its_short_name_its_long_one_and_with_a_tag_beside_its_digest() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let digest = format!("sha256:{}", "ab".repeat(32));
    let name = format!("docker.io/hyperledger/fabric-ccenv@{digest}");
    let pulled = pull(&store, "a", &name).await;
    for same in [
        format!("hyperledger/fabric-ccenv@{digest}"),
        format!("index.docker.io/hyperledger/fabric-ccenv:2.5@{digest}"),
        pulled.id.0.clone(),
        pulled.id.short().to_owned(),
    ] {
        assert_eq!(
            store
                .image(&scope("a"), &reference(&same))
                .await
                .unwrap()
                .as_ref(),
            Some(&pulled),
            "{same}"
        );
    }
    let tag = reference("hyperledger/fabric-ccenv:2.5");
    let tag = store.image(&scope("a"), &tag).await;
    assert_eq!(tag.unwrap(), None, "a tag that was not pulled");
}

#[tokio::test]
async fn a_base_that_is_not_allowed_leaves_nothing_and_one_of_ours_is_asked_for_its_own() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let ours = build(&store, "FROM good\nCOPY dir/a /a").await.unwrap().image;
    let before = files(root.path());
    let of = |from: &str| tar_of(format!("FROM {from}\nENV A=1"));
    let (good, bad) = (of(&ours.id.0).await, of("evil:1").await);
    let allowed = |base: &str| match base {
        "good" => Ok(()),
        base => Err(format!("{base} is not allowed")),
    };
    let error = store
        .build(&scope("s"), &request(), &allowed, bad)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, StoreError::NotAllowed(text) if text == "evil:1 is not allowed"),
        "{error}"
    );
    assert_eq!(files(root.path()), before);
    let newest = BuildRequest {
        pull: true,
        ..request()
    };
    let built = store.build(&scope("s"), &newest, &allowed, good).await.unwrap();
    assert!(built.image.always_pull && !ours.always_pull);
}

#[tokio::test]
async fn a_base_may_be_named_by_the_id_of_a_pulled_image_but_by_no_unknown_one() {
    let root = tempfile::tempdir().unwrap();
    let store = open(root.path()).await.unwrap();
    let pulled = pull(&store, "s", "docker.io/a/base:1").await;
    for id in [pulled.id.0.as_str(), pulled.id.short()] {
        let built = build(&store, &format!("FROM {id}\nENV A=1")).await.unwrap();
        assert_eq!(built.image.reference, "docker.io/a/base:1", "{id}");
    }
    let unknown = format!("sha256:{}", "ab".repeat(32));
    let error = build(&store, &format!("ARG A\nFROM {unknown}"))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), format!("line 2: No such image: {unknown}"));
}

async fn tar_of(dockerfile: String) -> Reader {
    let context = tar(&[("Dockerfile", 0o644, dockerfile.as_bytes())]).await;
    Box::new(io::Cursor::new(context))
}
