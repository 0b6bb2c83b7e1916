//! The settings for name resolution in a Pod.

use engine::container::Names;
use k8s_openapi::api::core::v1::{HostAlias, PodDNSConfig, PodDNSConfigOption};

/// Returns the policy without the cluster's servers if the client named its own, as in Docker.
pub(crate) fn policy(names: &Names) -> Option<String> {
    (!names.servers.is_empty()).then(|| "None".to_owned())
}

/// Returns servers, search domains and options. They are added to the cluster's settings if the policy
/// includes these.
pub(crate) fn config(names: &Names) -> Option<PodDNSConfig> {
    let config = PodDNSConfig {
        nameservers: given(names.servers.iter().map(ToString::to_string).collect()),
        searches: given(names.searches.clone()),
        options: given(names.options.iter().map(|text| option(text)).collect()),
    };
    (config != PodDNSConfig::default()).then_some(config)
}

/// Returns the lines of the Pod's `/etc/hosts`.
pub(crate) fn aliases(names: &Names) -> Option<Vec<HostAlias>> {
    let alias = |(ip, name): &(std::net::IpAddr, String)| HostAlias {
        ip: ip.to_string(),
        hostnames: Some(vec![name.clone()]),
    };
    given(names.hosts.iter().map(alias).collect())
}

fn option(text: &str) -> PodDNSConfigOption {
    let (name, value) = match text.split_once(':') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    PodDNSConfigOption {
        name: Some(name.to_owned()),
        value,
    }
}

fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_the_clusters_way() {
        let names = Names::default();
        assert_eq!(
            (policy(&names), config(&names), aliases(&names)),
            (None, None, None)
        );
    }

    #[test]
    fn servers_replace_the_clusters_and_searches_are_added() {
        let searches = Names {
            searches: vec!["example.com".to_owned()],
            options: vec!["ndots:2".to_owned(), "rotate".to_owned()],
            hosts: vec![([10, 0, 0, 1].into(), "orderer".to_owned())],
            ..Names::default()
        };
        assert_eq!(policy(&searches), None);
        let options = config(&searches).unwrap().options.unwrap();
        assert_eq!(options[0].value.as_deref(), Some("2"));
        assert_eq!(
            (options[1].name.as_deref(), &options[1].value),
            (Some("rotate"), &None)
        );
        assert_eq!(aliases(&searches).unwrap()[0].ip, "10.0.0.1");
        let servers = Names {
            servers: vec![[10, 0, 0, 53].into()],
            ..searches
        };
        assert_eq!(policy(&servers).as_deref(), Some("None"));
        assert_eq!(config(&servers).unwrap().nameservers.unwrap(), ["10.0.0.53"]);
    }
}
