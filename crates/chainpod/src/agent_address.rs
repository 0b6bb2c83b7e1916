//! The address at which agents reach chainpod. Agents cannot resolve names. So chainpod resolves a Service's
//! name once, and gives agents the IP address.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use tokio::net::lookup_host;

/// A host's name or IP address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgentAddress {
    host: String,
    port: u16,
}

impl AgentAddress {
    /// Returns its IP address, after one look-up.
    ///
    /// # Errors
    /// Returns a text with the resolver's error and the remedy.
    pub(crate) async fn resolve(&self) -> Result<SocketAddr, String> {
        let found = self.look_up().await;
        found.map_err(|error| {
            format!("{self} does not resolve: {error}; set agent-address to a Service of chainpod, or to an IP address")
        })
    }

    /// Returns its IP address, after one look-up.
    ///
    /// # Errors
    /// Returns the resolver's error.
    pub(crate) async fn look_up(&self) -> io::Result<SocketAddr> {
        let mut found = lookup_host((self.host.as_str(), self.port)).await?;
        found
            .find(|address| !address.ip().is_unspecified())
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it has no address"))
    }
}

impl From<SocketAddr> for AgentAddress {
    fn from(address: SocketAddr) -> Self {
        Self {
            host: address.ip().to_string(),
            port: address.port(),
        }
    }
}

impl fmt::Display for AgentAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for AgentAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return match address.ip().is_unspecified() || address.port() == 0 {
                true => Err("Pods cannot connect to this address".to_owned()),
                false => Ok(address.into()),
            };
        }
        let expected =
            "a host and a port are expected, such as chainpod-agents:2377, 10.0.0.7:2377 or [fd00::7]:2377";
        let (host, port) = text.rsplit_once(':').ok_or(expected)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(expected)?;
        match is_name(host) {
            true => Ok(Self {
                host: host.to_owned(),
                port,
            }),
            false => Err(expected.to_owned()),
        }
    }
}

/// Returns true if it is a name for a resolver: a DNS name whose last part is not a number.
fn is_name(host: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    !last.is_empty()
        && host.bytes().all(legal)
        && last.parse::<u64>().is_err()
        && host.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_may_be_a_name_or_an_ip_address() {
        for text in [
            "10.0.0.7:2377",
            "[fd00::7]:2377",
            "chainpod-agents:2377",
            "chainpod-agents.fabric.svc.cluster.local.:1",
        ] {
            let address: AgentAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "chainpod",
            ":1",
            "a:0",
            "a:x",
            "fd00::7:1",
            "10.0.0:1",
            "a b:1",
            "0.0.0.0:1",
        ] {
            let refused = text.parse::<AgentAddress>().unwrap_err();
            assert!(
                refused.contains("expected") || refused.contains("Pods cannot"),
                "{text}: {refused}"
            );
        }
    }

    #[tokio::test]
    async fn a_name_is_resolved_and_one_that_leads_nowhere_names_the_setting() {
        let address: AgentAddress = "localhost:2377".parse().unwrap();
        let found = address.resolve().await.unwrap();
        assert!(found.ip().is_loopback() && found.port() == 2377, "{found}");
        let nowhere: AgentAddress = "no-such-host.invalid:1".parse().unwrap();
        let error = nowhere.resolve().await.unwrap_err();
        assert!(
            error.starts_with("no-such-host.invalid:1 does not resolve: ")
                && error.contains("set agent-address"),
            "{error}"
        );
    }
}
