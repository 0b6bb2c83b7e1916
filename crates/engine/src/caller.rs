//! The caller of an operation: the address from which its connection comes.

use std::net::IpAddr;

/// The origin of a call. All calls over unix sockets have the same origin: this machine or Pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caller(Option<IpAddr>);

impl Caller {
    /// The caller without an address, which uses a unix socket.
    pub const LOCAL: Self = Self(None);

    /// Returns the caller at that address. An IPv4 address stays an IPv4 address, even on a socket for IPv4
    /// and IPv6.
    #[must_use]
    pub const fn at(address: IpAddr) -> Self {
        Self(Some(address.to_canonical()))
    }

    /// Returns the caller's address, or none for a unix socket.
    #[must_use]
    pub const fn address(self) -> Option<IpAddr> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_caller_is_the_same_on_a_socket_of_both_families() {
        let of = |text: &str| Caller::at(text.parse().unwrap());
        assert_eq!(of("::ffff:10.0.0.7"), of("10.0.0.7"));
        assert_ne!(of("10.0.0.8"), of("10.0.0.7"));
    }
}
