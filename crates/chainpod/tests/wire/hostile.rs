//! The answers to a stranger's bytes: in Docker's format, and at once.

use tokio_tar::{EntryType, Header};

use crate::raw::tar;
use crate::world::World;

/// Returns a tar's 512 bytes for a file of 8 GiB that is only a hole.
fn sparse(name: &str) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNUSparse);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header.set_path(name).unwrap();
    let gnu = header.as_gnu_mut().unwrap();
    gnu.sparse[0].offset.copy_from_slice(b"77777777777\0");
    gnu.sparse[0].numbytes.copy_from_slice(b"00000000000\0");
    gnu.realsize.copy_from_slice(b"77777777777\0");
    header.set_cksum();
    header.as_bytes().to_vec()
}

#[tokio::test]
async fn a_sparse_file_is_400_by_name() {
    let world = World::new().await;
    world.build("x", "FROM a\nENV A=1", &[]).await;
    let created = "{\"Image\":\"x\",\"Cmd\":[\"sleep\",\"1\"]}";
    world
        .expect(201, "POST", "/containers/create?name=v", created)
        .await;
    let mut context = tar(&[("Dockerfile", b"FROM a")]).await;
    context.truncate(1024);
    context.extend(sparse("etc/a"));
    for (method, path, body) in [
        ("PUT", "/containers/v/archive?path=/", sparse("etc/a")),
        ("POST", "/build?t=y", context),
    ] {
        let answer = world.expect(400, method, path, body).await;
        assert!(answer.contains("\r\n\r\n{\"message\":\""), "{answer}");
        assert!(
            answer.contains("a sparse file: etc/a; pack it without tar's --sparse"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn variables_that_explode_are_400_by_line() {
    let world = World::new().await;
    let dockerfile = format!("FROM a\nENV A=0123456789abcdef\n{}", "ENV A=$A$A\n".repeat(40));
    let answer = world.build("x", &dockerfile, &[]).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let text = "{\"message\":\"line 15: ENV: value A=0123456789abcdef";
    assert!(answer.contains(text), "{answer}");
}
