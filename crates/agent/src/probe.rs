//! Tests of a Pod's connections for `chainpod doctor`, which runs the agent for nothing else.

use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;
use std::{env, fs};

use agent_protocol::{PROBE_CA_VARIABLE, Task, VERSION};

use crate::client::{Chainpod, Failure};
use crate::task::Orders;

/// The time limit of one try. Within a cluster it takes milliseconds.
const LIMIT: Duration = Duration::from_secs(3);
/// The file with a Pod's name servers and search domains.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The port of name servers.
const DNS_PORT: u16 = 53;
/// A query's header (RFC 1035, 4.1.1): our id, recursion desired, one question.
const QUERY: [u8; 12] = [0xc4, 0xa1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
/// The question's type and class: A, IN.
const A_IN: [u8; 4] = [0, 1, 0, 1];
/// More than the size of an answer without extensions.
const ANSWER_BYTES: usize = 1024;

/// Tries each target. An `IP:PORT` is connected to, and must have a certificate of the CA in the environment,
/// if there is one. Anything else is a name that is looked up. Returns the exit code 0 if all can be reached.
///
/// # Errors
/// Returns a sentence that names the targets that cannot be reached, and the reasons.
pub(crate) fn all(targets: &[std::ffi::OsString]) -> Result<i64, String> {
    let ca_pem = env::var(PROBE_CA_VARIABLE).ok();
    for target in targets {
        let target = target.to_string_lossy();
        match (target.parse::<SocketAddr>(), &ca_pem) {
            (Ok(address), None) => connect(address)?,
            (Ok(address), Some(ca_pem)) => {
                connect(address)?;
                is_chainpod(address, ca_pem)?;
            }
            (Err(_), _) => look_up(&target)?,
        }
    }
    Ok(0)
}

/// Calls it as an agent does. A refusal will do too, because the handshake has checked the certificate.
fn is_chainpod(address: SocketAddr, ca_pem: &str) -> Result<(), String> {
    let orders = Orders {
        task: Task {
            version: VERSION,
            url: format!("https://{address}"),
            inputs: Vec::new(),
            outputs: Vec::new(),
            truststore: false,
        },
        token: String::new(),
        ca_pem: ca_pem.as_bytes().to_vec(),
    };
    match Chainpod::new(&orders)?.get("agent") {
        Err(Failure::Away(why)) => Err(format!("the server at {address} is not this chainpod: {why}")),
        _ => Ok(()),
    }
}

fn connect(address: SocketAddr) -> Result<(), String> {
    let connected = TcpStream::connect_timeout(&address, LIMIT);
    connected
        .map(drop)
        .map_err(|error| format!("{address} cannot be reached: {error}"))
}

/// Asks the Pod's first name server as the system's resolver does: with each search domain, and without.
fn look_up(name: &str) -> Result<(), String> {
    let text = fs::read_to_string(RESOLV_CONF).map_err(|error| format!("{RESOLV_CONF}: {error}"))?;
    let (server, domains) = resolver(&text).ok_or(format!("{RESOLV_CONF} has no name server"))?;
    let address = SocketAddr::new(server, DNS_PORT);
    let searched = domains.iter().map(|domain| format!("{name}.{domain}"));
    for name in searched.chain([name.to_owned()]) {
        let known = ask(address, &name);
        if known.map_err(|error| format!("name server {server} does not answer: {error}"))? {
            return Ok(());
        }
    }
    Err(format!("name server {server} cannot resolve {name}"))
}

/// Returns the first name server and the search domains.
fn resolver(text: &str) -> Option<(IpAddr, Vec<&str>)> {
    let lines = || text.lines().map(str::split_whitespace);
    let mut servers =
        lines().filter_map(|mut words| (words.next() == Some("nameserver")).then(|| words.next())?);
    let server = servers.find_map(|server| server.parse().ok())?;
    let domains = lines().filter_map(|mut words| (words.next() == Some("search")).then_some(words));
    Some((server, domains.flatten().collect()))
}

fn ask(server: SocketAddr, name: &str) -> std::io::Result<bool> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => ([0; 4], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.set_read_timeout(Some(LIMIT))?;
    socket.connect(server)?;
    socket.send(&question(name))?;
    let mut answer = [0; ANSWER_BYTES];
    let size = socket.recv(&mut answer)?;
    Ok(is_known(&answer[..size]))
}

/// Returns the query for a name's IPv4 address.
fn question(name: &str) -> Vec<u8> {
    let mut question = QUERY.to_vec();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        // Longer labels are invalid, and the server says so.
        question.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        question.extend_from_slice(label.as_bytes());
    }
    question.push(0);
    question.extend_from_slice(&A_IN);
    question
}

/// Returns true if an answer to our query has no error and at least one record.
fn is_known(answer: &[u8]) -> bool {
    match answer {
        [id0, id1, _, flags, _, _, n0, n1, ..] => {
            [*id0, *id1] == [QUERY[0], QUERY[1]] && flags & 0x0f == 0 && [*n0, *n1] != [0, 0]
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_address_is_reached_where_somebody_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        assert_eq!(all(&[address.clone().into()]), Ok(0));
        drop(listener);
        let error = all(&[address.clone().into()]).unwrap_err();
        assert!(
            error.starts_with(&format!("{address} cannot be reached: ")),
            "{error}"
        );
    }

    #[test]
    fn a_resolver_is_read_and_a_question_has_its_bytes() {
        let text = "search a.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n";
        let (server, domains) = resolver(text).unwrap();
        assert_eq!(server.to_string(), "10.96.0.10");
        assert_eq!(domains, ["a.svc.cluster.local", "svc.cluster.local"]);
        assert!(resolver("options ndots:5\n").is_none());
        assert_eq!(question("ab.c")[12..], [2, b'a', b'b', 1, b'c', 0, 0, 1, 0, 1]);
    }

    #[test]
    fn an_answer_is_ours_without_error_and_with_a_record() {
        let answer = |id: u8, code: u8, count: u8| [id, 0xa1, 0x81, 0x80 | code, 0, 1, 0, count];
        assert!(is_known(&answer(0xc4, 0, 1)));
        for wrong in [answer(0, 0, 1), answer(0xc4, 3, 0), answer(0xc4, 0, 0)] {
            assert!(!is_known(&wrong), "{wrong:?}");
        }
        assert!(!is_known(b"short"));
    }
}
