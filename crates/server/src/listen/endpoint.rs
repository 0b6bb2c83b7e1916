//! The address to listen on, in Docker's own style: `tcp://HOST:PORT`, `unix://PATH`.

use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener, UnixStream};

use super::Tls;

/// The port of a Docker daemon without TLS (IANA: docker).
const PLAIN_PORT: u16 = 2375;
/// The port of a Docker daemon with TLS (IANA: docker-s).
const TLS_PORT: u16 = 2376;
/// The mode of a unix socket: its owner and its group may connect, as with Docker's socket.
const SOCKET_MODE: u32 = 0o660;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A host name or an IP address. Without a port, the port is Docker's own.
    Tcp {
        /// The host, without brackets.
        host: String,
        /// The port.
        port: Option<u16>,
    },
    /// The absolute path of a unix socket.
    Unix(PathBuf),
}

/// A bound [`Endpoint`].
pub enum Listener {
    /// A TCP listener, with TLS if it is set up.
    Tcp(TcpListener, Option<Arc<Tls>>),
    /// A unix socket, whose file is removed when it is dropped.
    Unix(UnixListener, SocketFile),
}

/// A socket's file, removed when it is dropped.
pub struct SocketFile(PathBuf);

impl Endpoint {
    /// Listens on this address; `tls` is for TCP only. Replaces a socket file if no process listens on it.
    ///
    /// # Errors
    /// Returns the system's error; it is `AddrInUse` if another process listens there.
    pub async fn bind(&self, tls: Option<Arc<Tls>>) -> io::Result<Listener> {
        match self {
            Self::Tcp { host, port } => {
                let usual = if tls.is_some() { TLS_PORT } else { PLAIN_PORT };
                let listener = TcpListener::bind((host.as_str(), port.unwrap_or(usual))).await?;
                Ok(Listener::Tcp(listener, tls))
            }
            Self::Unix(path) => bind_unix(path).await,
        }
    }
}

async fn bind_unix(path: &Path) -> io::Result<Listener> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path).await => {
            fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        bound => bound,
    }?;
    let file = SocketFile(path.to_owned());
    fs::set_permissions(path, Permissions::from_mode(SOCKET_MODE))?;
    Ok(Listener::Unix(listener, file))
}

/// Returns true if it is a socket that no process listens on.
async fn is_stale(path: &Path) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).await.is_err_and(refused)
}

impl Listener {
    /// Returns the address as a client would write it.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::Tcp(listener, _) => match listener.local_addr() {
                Ok(address) => format!("tcp://{address}"),
                Err(error) => error.to_string(),
            },
            Self::Unix(_, SocketFile(path)) => format!("unix://{}", path.display()),
        }
    }
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self::Tcp(listener, None)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // The file may be gone already. Any other error shows at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("tcp", address)) => tcp(address),
            _ => Err("tcp://HOST:PORT or unix:///PATH is expected".to_owned()),
        }
    }
}

fn tcp(address: &str) -> Result<Endpoint, String> {
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => rest.split_once(']').ok_or("the bracket is not closed")?,
        None => address.split_at(address.rfind(':').unwrap_or(address.len())),
    };
    if host.is_empty() {
        return Err("it has no host; use 0.0.0.0 to listen on all addresses".to_owned());
    }
    if host.contains(':') && !address.starts_with('[') {
        return Err("an IPv6 address needs brackets: tcp://[::1]:2375".to_owned());
    }
    let port = match port.strip_prefix(':') {
        _ if port.is_empty() => None,
        Some(digits) => Some(digits.parse().map_err(|_| format!("{digits:?} is not a port"))?),
        None => {
            return Err(format!("only :PORT may follow the bracket, not {port:?}"));
        }
    };
    Ok(Endpoint::Tcp {
        host: host.to_owned(),
        port,
    })
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port } => {
                let brackets = if host.contains(':') { ["[", "]"] } else { ["", ""] };
                write!(f, "tcp://{}{host}{}", brackets[0], brackets[1])?;
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_styles_are_read_and_others_refused() {
        for (text, host, port) in [
            ("tcp://0.0.0.0:2375", "0.0.0.0", Some(2375)),
            ("tcp://docker.local:1", "docker.local", Some(1)),
            ("tcp://[::1]:2375", "::1", Some(2375)),
            ("tcp://[::]", "::", None),
            ("tcp://localhost", "localhost", None),
        ] {
            let host = host.to_owned();
            let read: Endpoint = text.parse().unwrap();
            assert_eq!(read, Endpoint::Tcp { host, port }, "{text}");
            assert_eq!(read.to_string(), text);
        }
        assert_eq!(
            "unix:///run/d.sock".parse(),
            Ok(Endpoint::Unix("/run/d.sock".into()))
        );
        for (text, said) in [
            ("127.0.0.1:2375", "is expected"),
            ("unix://d.sock", "is expected"),
            ("tcp://::1:2375", "brackets"),
            ("tcp://[::1:2375", "not closed"),
            ("tcp://[::1]x", "may follow the bracket"),
            ("tcp://:2375", "no host"),
            ("tcp://a:99999", "is not a port"),
            ("tcp://a:", "is not a port"),
        ] {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_live_one_or_a_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let endpoint = Endpoint::Unix(path.clone());
        let listener = endpoint.bind(None).await.unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, SOCKET_MODE);
        let twice = endpoint.bind(None).await;
        assert!(matches!(twice, Err(error) if error.kind() == io::ErrorKind::AddrInUse));
        drop(listener);
        assert!(!path.exists());
        fs::write(&path, "precious").unwrap();
        assert!(endpoint.bind(None).await.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }
}
