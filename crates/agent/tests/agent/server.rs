//! chainpod as the agent sees it: HTTP/1.1 over TLS, answers from a table, and every request kept in order.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The time limit of each step.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);
/// The token that every request must have.
pub(crate) const TOKEN: &str = "the-token";

type Stream = BufReader<StreamOwned<ServerConnection, TcpStream>>;

/// A request of the agent.
#[derive(Debug)]
pub(crate) struct Request {
    /// `METHOD path`, below the task's URL.
    pub(crate) call: String,
    pub(crate) body: Vec<u8>,
}

/// The answer to a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// This status and body.
    Status(u16, Vec<u8>),
    /// This beginning of a longer body, and then nothing more.
    Broken(Vec<u8>),
}

/// A server's certificate and address.
pub(crate) struct Identity {
    pub(crate) address: SocketAddr,
    listener: Option<TcpListener>,
    pub(crate) ca_pem: String,
    tls: Arc<ServerConfig>,
}

/// A server that runs until its test ends.
pub(crate) struct Server {
    requests: mpsc::Receiver<Request>,
    commands: Arc<Mutex<Vec<Stream>>>,
}

struct Shared {
    replies: Mutex<HashMap<String, Vec<Reply>>>,
    requests: mpsc::Sender<Request>,
    commands: Arc<Mutex<Vec<Stream>>>,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &ca).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = vec![CertificateDer::from(leaf.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            listener: Some(listener),
            ca_pem: ca.pem(),
            tls: Arc::new(tls),
        }
    }

    /// Returns an identity whose server is away until it is started.
    pub(crate) fn away() -> Self {
        Self {
            listener: None,
            ..Self::new()
        }
    }
}

impl Server {
    /// Answers with `replies`, each once and the last of a call for ever. All other calls get 204.
    pub(crate) fn start(identity: &Identity, replies: &[(&str, Reply)]) -> Self {
        let (sender, requests) = mpsc::channel();
        let commands = Arc::new(Mutex::new(Vec::new()));
        let mut table: HashMap<String, Vec<Reply>> = HashMap::new();
        for (call, reply) in replies {
            table.entry((*call).to_owned()).or_default().push(reply.clone());
        }
        let shared = Arc::new(Shared {
            replies: Mutex::new(table),
            requests: sender,
            commands: Arc::clone(&commands),
        });
        let listener = match &identity.listener {
            Some(listener) => listener.try_clone().unwrap(),
            None => TcpListener::bind(identity.address).unwrap(),
        };
        let tls = Arc::clone(&identity.tls);
        thread::spawn(move || {
            for tcp in listener.incoming().map_while(Result::ok) {
                let (shared, tls) = (Arc::clone(&shared), Arc::clone(&tls));
                thread::spawn(move || {
                    let connection = ServerConnection::new(tls).unwrap();
                    // An agent that is killed breaks its connections.
                    let _ = serve(BufReader::new(StreamOwned::new(connection, tcp)), &shared);
                });
            }
        });
        Self { requests, commands }
    }

    /// Returns the next request, without command streams.
    pub(crate) fn next(&self) -> Request {
        self.requests
            .recv_timeout(LIMIT)
            .expect("the agent calls in time")
    }

    /// Returns true while the agent has asked for nothing.
    pub(crate) fn is_silent(&self) -> bool {
        self.requests.try_recv().is_err()
    }

    /// Returns the body of the next request, which must be this one.
    pub(crate) fn expect(&self, call: &str) -> Vec<u8> {
        let request = self.next();
        assert_eq!(request.call, call, "{}", String::from_utf8_lossy(&request.body));
        request.body
    }

    /// Checks that the next request is this event.
    pub(crate) fn expect_event(&self, json: &str) {
        let body = self.expect("POST events");
        assert_eq!(String::from_utf8(body).unwrap(), json);
    }

    /// Sends lines on the command stream, once there is one.
    pub(crate) fn command(&self, lines: &str) {
        for _ in 0..1000 {
            if let Some(stream) = self.commands.lock().unwrap().last_mut() {
                let chunk = format!("{:x}\r\n{lines}\r\n", lines.len());
                stream.get_mut().write_all(chunk.as_bytes()).unwrap();
                return;
            }
            thread::sleep(LIMIT / 1000);
        }
        panic!("no command stream");
    }

    /// Ends all command streams.
    pub(crate) fn hang_up(&self) {
        self.commands.lock().unwrap().clear();
    }

    /// Returns the number of command streams.
    pub(crate) fn streams(&self) -> usize {
        self.commands.lock().unwrap().len()
    }
}

/// Serves one connection to its end.
fn serve(mut stream: Stream, shared: &Shared) -> io::Result<()> {
    while let Some(request) = read_request(&mut stream, shared)? {
        if request.call == "GET commands" && !shared.refuses(&request.call) {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n\n\r\n";
            stream.get_mut().write_all(head.as_bytes())?;
            shared.commands.lock().unwrap().push(stream);
            return Ok(());
        }
        let reply = shared.reply(&request.call);
        let _ = shared.requests.send(request);
        let stream = stream.get_mut();
        // The head goes out in one write, as hyper sends it.
        let (head, body, whole) = match reply {
            Reply::Status(204, body) => ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), body, true),
            Reply::Status(status, body) => (head(status, body.len()), body, true),
            Reply::Broken(body) => (head(200, body.len() + 1), body, false),
        };
        stream.write_all(&[head.as_bytes(), &body].concat())?;
        if !whole {
            return Ok(());
        }
    }
    Ok(())
}

fn head(status: u16, length: usize) -> String {
    format!("HTTP/1.1 {status} It\r\ncontent-length: {length}\r\n\r\n")
}

impl Shared {
    fn reply(&self, call: &str) -> Reply {
        let mut replies = self.replies.lock().unwrap();
        match replies.get_mut(call) {
            Some(left) if left.len() > 1 => left.remove(0),
            Some(left) => left[0].clone(),
            None => Reply::Status(204, Vec::new()),
        }
    }

    fn refuses(&self, call: &str) -> bool {
        let replies = self.replies.lock().unwrap();
        let next = replies.get(call).and_then(|replies| replies.first());
        matches!(next, Some(Reply::Status(400..500, _)))
    }
}

fn read_request(stream: &mut Stream, shared: &Shared) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let Some(path) = path.strip_prefix("/agent/v1/it/") else {
        stream.get_mut().write_all(head(404, 0).as_bytes())?;
        return Ok(None);
    };
    let call = format!("{method} {path}");
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    assert_eq!(headers["authorization"], format!("Bearer {TOKEN}"));
    let mut body = Vec::new();
    if headers.contains_key("expect") {
        // As with hyper, a refused client is not asked for a body.
        if shared.refuses(&call) {
            return Ok(Some(Request { call, body }));
        }
        stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    if let Some(length) = headers.get("content-length") {
        body.resize(length.parse().unwrap(), 0);
        stream.read_exact(&mut body)?;
    } else if headers.contains_key("transfer-encoding") {
        read_chunks(stream, &mut body)?;
    }
    Ok(Some(Request { call, body }))
}

fn read_chunks(stream: &mut Stream, body: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        let from = body.len();
        body.resize(from + length, 0);
        stream.read_exact(&mut body[from..])?;
        stream.read_exact(&mut [0; 2])?;
        if length == 0 {
            return Ok(());
        }
    }
}
