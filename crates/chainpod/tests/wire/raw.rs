//! A client that sees every byte, on a connection of its own for each call, as with go-dockerclient.

use std::time::Duration;

use async_compression::tokio::write::GzipEncoder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tar::{Builder, Header};

use crate::world::World;

/// The time limit of a step that waits for nobody.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// The time to watch for something that must not come.
pub(crate) const MOMENT: Duration = Duration::from_millis(150);

impl World {
    /// Opens a connection and sends these bytes.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_ref()).await.unwrap();
        stream
    }

    /// Makes one whole call. Returns the whole answer.
    pub(crate) async fn call(&self, method: &str, path: &str, body: impl AsRef<[u8]>) -> String {
        let body = body.as_ref();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: d\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        rest(&mut self.send([head.as_bytes(), body].concat()).await).await
    }

    /// Makes a call and checks its status. Returns the answer.
    pub(crate) async fn expect(
        &self,
        status: u16,
        method: &str,
        path: &str,
        body: impl AsRef<[u8]>,
    ) -> String {
        let answer = self.call(method, path, body).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{method} {path}: {answer}"
        );
        answer
    }

    /// Builds an image.
    pub(crate) async fn build(&self, name: &str, dockerfile: &str, files: &[(&str, &[u8])]) -> String {
        let context = tar(&[&[("Dockerfile", dockerfile.as_bytes())], files].concat()).await;
        self.call("POST", &format!("/build?t={name}"), context).await
    }

    /// Starts a call whose body has chunks.
    pub(crate) async fn open(&self, path: &str) -> TcpStream {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: d\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        self.send(head).await
    }

    /// Requests a stream of a container's output.
    pub(crate) async fn attach(&self, container: &str, query: &str) -> TcpStream {
        let mut stream = self
            .send(format!(
                "POST /containers/{container}/attach?{query} HTTP/1.1\r\nhost: d\r\nconnection: Upgrade\r\n\
                 upgrade: tcp\r\ncontent-length: 0\r\n\r\n"
            ))
            .await;
        let head = head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 101 UPGRADED\r\n"), "{head}");
        stream
    }
}

/// Sends one chunk of a body.
pub(crate) async fn chunk(stream: &mut TcpStream, bytes: &[u8]) {
    let size = format!("{:x}\r\n", bytes.len());
    let chunk = [size.as_bytes(), bytes, b"\r\n"].concat();
    stream.write_all(&chunk).await.unwrap();
}

/// Sends the chunk that ends a body.
pub(crate) async fn final_chunk(stream: &mut TcpStream) {
    stream.write_all(b"0\r\n\r\n").await.unwrap();
}

/// Reads the rest of the stream.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    read.expect("the answer ends in time").unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads up to the end of the headers.
pub(crate) async fn head(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await;
        text.push(byte.expect("the headers come at once").unwrap().into());
    }
    text
}

/// Returns true if nothing can be read for a moment.
pub(crate) async fn is_silent(stream: &mut TcpStream) -> bool {
    let mut byte = [0];
    tokio::time::timeout(MOMENT, stream.peek(&mut byte))
        .await
        .is_err()
}

/// Returns a frame of an attach stream.
pub(crate) fn frame(text: &str) -> String {
    let [a, b, c, d] = u32::try_from(text.len()).unwrap().to_be_bytes().map(char::from);
    format!("\u{1}\0\0\0{a}{b}{c}{d}{text}")
}

/// Returns a tar of plain files.
pub(crate) async fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = Header::new_gnu();
        header.set_mode(0o755);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        // This keeps an absolute name unchanged.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *content).await.unwrap();
    }
    tar.into_inner().await.unwrap()
}

pub(crate) async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzipEncoder::new(Vec::new());
    gzip.write_all(bytes).await.unwrap();
    gzip.shutdown().await.unwrap();
    gzip.into_inner()
}
