//! Uploads that become a Secret, and uploads that the store must check.

use tokio_tar::{Builder, EntryType, Header};

use super::*;

/// The largest octal size: 8 GiB.
const HUGE: u64 = 0o777_7777_7777;

fn header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o600);
    header.set_size(size);
    header
}

async fn tar(entries: Vec<(Header, &str, Vec<u8>)>) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (mut header, name, content) in entries {
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, content.as_slice()).await.unwrap();
    }
    tar.into_inner().await.unwrap()
}

async fn classified(tar: Vec<u8>) -> Content {
    let body = Box::new(Cursor::new(tar));
    classify(Role::Chaincode, "/etc/hyperledger", body).await.unwrap()
}

/// Returns the header of a file with one hole, in the format of old GNU tar.
fn old_sparse() -> Header {
    let mut header = header(EntryType::GNUSparse, 0);
    let gnu = header.as_gnu_mut().unwrap();
    let octal = format!("{HUGE:011o}\0");
    gnu.sparse[0].offset.copy_from_slice(octal.as_bytes());
    gnu.sparse[0].numbytes.copy_from_slice(b"00000000000\0");
    gnu.realsize.copy_from_slice(octal.as_bytes());
    header
}

/// Returns attributes that turn the plain file behind them into a sparse one.
fn pax_sparse() -> (Header, &'static str, Vec<u8>) {
    let attributes = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n".to_vec();
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::XHeader);
    header.set_size(attributes.len() as u64);
    (header, "pax", attributes)
}

#[tokio::test]
async fn a_file_with_holes_is_not_unfolded_but_left_to_the_store() {
    for entries in [
        vec![(old_sparse(), "a", Vec::new())],
        vec![
            pax_sparse(),
            (header(EntryType::Regular, 2), "a", b"0\n".to_vec()),
        ],
    ] {
        let tar = tar(entries).await;
        let Content::Archive(mut archive) = classified(tar.clone()).await else {
            panic!("it is no plain file");
        };
        let mut whole = Vec::new();
        archive.read_to_end(&mut whole).await.unwrap();
        assert_eq!(whole, tar);
    }
}

#[tokio::test]
async fn plain_files_within_the_limits_become_a_secret() {
    let file = |size: u64| (header(EntryType::Regular, size), "./a", vec![b'x'; size as usize]);
    let Content::Files(files) = classified(tar(vec![file(3), file(FILES_BYTES - 3)]).await).await else {
        panic!("they are plain");
    };
    let known = FileEntry {
        path: "/etc/hyperledger/a".to_owned(),
        mode: 0o600,
        size: 3,
    };
    assert_eq!(files[0], (known, Bytes::from_static(b"xxx")));
    for beyond in [
        vec![file(3), file(FILES_BYTES - 2)],
        (0..=FILES).map(|_| file(1)).collect(),
        vec![(header(EntryType::Regular, 0), "a/../../b", Vec::new())],
        vec![(header(EntryType::Symlink, 0), "a", Vec::new())],
    ] {
        assert!(matches!(classified(tar(beyond).await).await, Content::Archive(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stops_is_given_up_and_many_of_them_wait_for_memory() {
    let stopped = |bytes: usize| {
        let (mut client, body) = tokio::io::duplex(bytes);
        tokio::spawn(async move {
            tokio::io::AsyncWriteExt::write_all(&mut client, &vec![0; bytes])
                .await
                .unwrap();
            std::future::pending::<()>().await;
        });
        async move {
            classify(Role::Chaincode, "/", Box::new(body))
                .await
                .map(drop)
                .unwrap_err()
        }
    };
    let said = stopped(100).await.to_string();
    assert_eq!(said, "the archive did not arrive within 30 s");
    let all = futures::future::join_all((0..300).map(|_| stopped(64 * 1024))).await;
    let count = |text: &str| {
        all.iter()
            .filter(|error| error.to_string().contains(text))
            .count()
    };
    let (slow, busy) = (count("did not arrive"), count("is limited to 32 MiB; try again"));
    assert_eq!(slow + busy, 300);
    assert!(slow >= 50 && busy >= 50, "{slow} {busy}");
}
