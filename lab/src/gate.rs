//! A way to a server that can be shut: an outage for one client alone.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Result;

/// Passes connections on while it is open. Its thread ends with the process.
pub struct Gate {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    shut: bool,
    /// Both ends of all connections since it was last shut.
    open: Vec<TcpStream>,
}

impl Gate {
    /// An open gate to that server, for this machine alone.
    ///
    /// # Errors
    /// Returns an error if no port is free.
    pub fn to(server: SocketAddr) -> Result<Self> {
        Self::at(Ipv4Addr::LOCALHOST.into(), server)
    }

    /// An open gate to that server, at that address of this machine.
    ///
    /// # Errors
    /// Returns an error if no port is free there.
    pub fn at(address: IpAddr, server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((address, 0))?;
        let gate = Self {
            address: listener.local_addr()?,
            state: Arc::default(),
        };
        let state = Arc::clone(&gate.state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A server that is away closes the client's connection.
                let _ = pass(client, server, &state);
            }
        });
        Ok(gate)
    }

    /// Returns the address for its clients.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts all connections, and each new one at once.
    pub fn shut(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.shut = true;
        for connection in state.open.drain(..) {
            // It may have ended by itself.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Passes new connections on again.
    pub fn open(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).shut = false;
    }
}

fn pass(client: TcpStream, server: SocketAddr, state: &Mutex<State>) -> io::Result<()> {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if state.shut {
        return Ok(());
    }
    let server = TcpStream::connect(server)?;
    state.open.extend([client.try_clone()?, server.try_clone()?]);
    copy(client.try_clone()?, server.try_clone()?);
    copy(server, client);
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        // Ends where either side does, which then is the other's end too.
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn what_is_open_is_cut_and_what_is_new_waits_for_nothing() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let gate = Gate::to(server.local_addr().unwrap()).unwrap();
        let mut byte = [0];
        let mut client = TcpStream::connect(gate.address()).unwrap();
        let mut served = server.accept().unwrap().0;
        client.write_all(b"1").unwrap();
        served.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"1");
        gate.shut();
        assert_eq!(client.read(&mut byte).unwrap_or(0), 0);
        let mut refused = TcpStream::connect(gate.address()).unwrap();
        assert_eq!(refused.read(&mut byte).unwrap_or(0), 0);
        gate.open();
        TcpStream::connect(gate.address())
            .unwrap()
            .write_all(b"2")
            .unwrap();
        server.accept().unwrap().0.read_exact(&mut byte).unwrap();
        assert_eq!(&byte, b"2");
    }
}
