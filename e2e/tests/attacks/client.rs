//! A client that reads while it sends: what is refused is answered before its body has come.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::bodies::Body;

/// How long a refusal may take: the machine is busy with what follows from it.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// The longest answer that is read.
const ANSWER_BYTES: u64 = 64 * 1024;

/// Sends a body that must be refused: with 400, and with these words in Docker's shape.
pub(super) fn refused(address: SocketAddr, call: &str, body: Body, words: &str) -> Result<()> {
    let (status, text) = send(address, call, body)?;
    let message: Value = serde_json::from_str(&text).unwrap_or_default();
    let message = message["message"].as_str().unwrap_or_default();
    ensure!(
        status == 400 && message.contains(words),
        "{call} was answered {status}: {text}"
    );
    Ok(())
}

/// The answer to a chunked body: status and text.
fn send(address: SocketAddr, call: &str, body: Body) -> Result<(u16, String)> {
    let connection = connect(address)?;
    let mut writer = connection.try_clone()?;
    let mut head = format!("{call} HTTP/1.1\r\nhost: d\r\nconnection: close\r\n");
    head += "content-type: application/x-tar\r\ntransfer-encoding: chunked\r\n\r\n";
    thread::scope(|scope| {
        // A server that does not read on closes the connection.
        scope.spawn(move || write(&mut writer, &head, body).is_ok());
        let answer = answer(&connection);
        // It may be closed already.
        let _ = connection.shutdown(Shutdown::Both);
        answer.with_context(|| format!("no answer to {call}"))
    })
}

fn write(connection: &mut TcpStream, head: &str, body: Body) -> std::io::Result<()> {
    connection.write_all(head.as_bytes())?;
    for piece in body {
        let size = format!("{:x}\r\n", piece.len());
        connection.write_all(&[size.as_bytes(), &piece, b"\r\n"].concat())?;
    }
    connection.write_all(b"0\r\n\r\n")
}

fn answer(connection: &TcpStream) -> Result<(u16, String)> {
    let mut reader = BufReader::new(connection.take(ANSWER_BYTES));
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("no status line: {line:?}"))?;
    let mut length = 0;
    while line != "\r\n" {
        line.clear();
        ensure!(reader.read_line(&mut line)? > 0, "the headers are cut off");
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse()?;
        }
    }
    let mut text = vec![0; length];
    reader.read_exact(&mut text)?;
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}

/// Whether the server answers, which it must within `limit`.
pub(super) fn ping(address: SocketAddr, limit: Duration) -> Result<()> {
    let connection = TcpStream::connect_timeout(&address, limit)?;
    connection.set_read_timeout(Some(limit))?;
    (&connection).write_all(b"GET /_ping HTTP/1.1\r\nhost: d\r\nconnection: close\r\n\r\n")?;
    let (status, _) = answer(&connection)?;
    ensure!(status == 200, "/_ping was answered {status}");
    Ok(())
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(ANSWER_LIMIT))?;
    connection.set_write_timeout(Some(ANSWER_LIMIT))?;
    Ok(connection)
}
