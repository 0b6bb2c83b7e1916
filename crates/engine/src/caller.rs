//! Who calls: the address from which a connection comes.

use std::net::IpAddr;

/// Where a call comes from. All calls by unix sockets come from the same place: this machine or Pod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Caller(Option<IpAddr>);

impl Caller {
    /// A caller that has no address: one by a unix socket.
    pub const LOCAL: Self = Self(None);

    /// The caller at that address; an IPv4 address stays one on a socket of both families.
    #[must_use]
    pub const fn at(address: IpAddr) -> Self {
        Self(Some(address.to_canonical()))
    }

    /// Its address.
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
