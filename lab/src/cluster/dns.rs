//! The cluster's DNS: CoreDNS with a hosts file from this machine, by which
//! Pods find the Fabric networks' peers on the host.

use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use super::CLUSTER_DNS;

/// The time limit of one query.
const ANSWER_LIMIT: Duration = Duration::from_millis(300);
/// A question for `kubernetes.default.svc.cluster.local`, type A (RFC 1035).
const QUESTION: &[u8] =
    b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x0akubernetes\x07default\x03svc\x07cluster\x05local\0\0\x01\0\x01";
/// The byte of a reply whose low four bits are the response code. 0 is an answer.
const REPLY_CODE: usize = 3;
/// The byte of a reply at which the count of answers ends.
const ANSWER_COUNT: usize = 7;

/// Returns true if the server at `address` resolves `kubernetes.default`.
pub(super) fn answers(address: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.set_read_timeout(Some(ANSWER_LIMIT))?;
        socket.send_to(QUESTION, (address, 53))?;
        let mut reply = [0; 512];
        let size = socket.recv(&mut reply)?;
        Ok(size > ANSWER_COUNT && reply[REPLY_CODE] & 0x0f == 0 && reply[ANSWER_COUNT] > 0)
    };
    ask().unwrap_or(false)
}

/// CoreDNS and its Service. The hosts file is in `names`.
pub(super) fn manifest(names: &Path) -> String {
    MANIFEST
        .replace("CLUSTER_DNS", CLUSTER_DNS)
        .replace("HOSTS_FOLDER", &names.display().to_string())
}

const MANIFEST: &str = include_str!("../../coredns/manifest.yaml");
