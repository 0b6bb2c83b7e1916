//! Connects from a Pod that has just started. With NetworkPolicies, the network may not know the Pod's
//! address yet, and drops its first packets. The kernel would try again only after a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::time::Duration as Limit;
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, TcpConnector};

/// The time limit of the first try, doubled for each further one. A packet takes less time through a cluster.
const FIRST: Duration = Duration::from_millis(100);
/// A timeout of zero would mean that there is no limit.
const SHORTEST: Duration = Duration::from_millis(1);

/// A TCP connector that tries again early.
#[derive(Debug, Default)]
pub(crate) struct Early(TcpConnector);

impl Connector<()> for Early {
    type Out = <TcpConnector as Connector<()>>::Out;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Self::Out>, Error> {
        early(*details.timeout.after, |wait| {
            self.0.connect(&within(details, wait), None)
        })
    }
}

/// Returns the same details with less time.
fn within<'a>(details: &ConnectionDetails<'a>, wait: Duration) -> ConnectionDetails<'a> {
    ConnectionDetails {
        uri: details.uri,
        addrs: details.addrs.clone(),
        config: details.config,
        request_level: details.request_level,
        resolver: details.resolver,
        now: (details.current_time)(),
        timeout: NextTimeout {
            after: Limit::Exact(wait),
            ..details.timeout
        },
        current_time: Arc::clone(&details.current_time),
        run_connector: Arc::clone(&details.run_connector),
        register_shutdown: Arc::clone(&details.register_shutdown),
    }
}

/// Repeats an attempt until it has an answer or the time is over.
fn early<T>(limit: Duration, mut attempt: impl FnMut(Duration) -> Result<T, Error>) -> Result<T, Error> {
    let begun = Instant::now();
    let mut wait = FIRST;
    loop {
        let left = limit.saturating_sub(begun.elapsed()).max(SHORTEST);
        match attempt(wait.min(left)) {
            Err(Error::Timeout(_)) if wait < left => wait *= 2,
            answered => return answered,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::thread;

    use ureq::Timeout;

    use super::*;

    /// The time after which the kernel sends a dropped packet again.
    const KERNEL: Duration = Duration::from_secs(1);

    fn connect(address: SocketAddr, limit: Duration) -> Result<TcpStream, Error> {
        early(limit, |wait| {
            TcpStream::connect_timeout(&address, wait).map_err(|error| match error.kind() {
                io::ErrorKind::TimedOut => Error::Timeout(Timeout::Connect),
                _ => Error::Io(error),
            })
        })
    }

    #[test]
    fn dropped_packets_are_sent_again_before_the_kernel_does_it() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        // The kernel drops packets to a listener that has too many waiting.
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, FIRST) {
            waiting.push(stream);
        }
        let error = connect(address, 3 * FIRST).unwrap_err();
        assert!(matches!(error, Error::Timeout(_)), "{error}");
        let begun = Instant::now();
        thread::scope(|scope| {
            let early = scope.spawn(|| connect(address, 2 * KERNEL));
            thread::sleep(FIRST / 2);
            listener.accept().unwrap();
            early.join().unwrap().unwrap();
        });
        assert!(begun.elapsed() < KERNEL, "{:?}", begun.elapsed());
    }

    #[test]
    fn a_refusal_is_told_at_once() {
        let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let error = connect(address, KERNEL).unwrap_err();
        assert!(matches!(error, Error::Io(_)), "{error}");
    }
}
