//! Asks the API server about each permission in chainpod's Role. The Role itself is the table. Every account
//! may ask about its own permissions.

use std::fmt;

use engine::ports::ClusterError;
use futures::future::try_join_all;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::rbac::v1::{PolicyRule, Role};
use kube::api::PostParams;
use kube::{Api, Client};

use crate::retry::tried;

/// The path of the Role in the repository.
pub const ROLE_FILE: &str = "charts/chainpod/files/role.yaml";
/// The Role, as users apply it.
const ROLE: &str = include_str!("../../../charts/chainpod/files/role.yaml");

/// One verb on one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    verb: String,
    group: String,
    /// The resource with its subresource: `pods/log`.
    resource: String,
    /// The name of the only object, if the Role names one.
    name: Option<String>,
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        self.name
            .as_ref()
            .map_or(Ok(()), |name| write!(f, " named {name}"))
    }
}

/// Returns the permissions of the Role that the account does not have in `namespace`.
///
/// # Errors
/// Returns an error if the API server cannot be asked. A server that cannot be reached is reported after
/// about half a minute.
pub async fn missing(client: &Client, namespace: &str) -> Result<Vec<Permission>, ClusterError> {
    let api = Api::<SelfSubjectAccessReview>::all(client.clone());
    let asked = of_role().into_iter().map(async |permission| {
        let review = permission.review(namespace);
        let answer = tried("selfsubjectaccessreview", || async {
            api.create(&PostParams::default(), &review).await
        });
        let allowed = answer.await.result?.status.is_some_and(|status| status.allowed);
        Ok((!allowed).then_some(permission))
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

/// Returns the permissions of the Role. Invariant: the file is in this repository, and a test reads it.
fn of_role() -> Vec<Permission> {
    let role: Role = serde_saphyr::from_str(ROLE).unwrap_or_default();
    role.rules.iter().flatten().flat_map(of_rule).collect()
}

fn of_rule(rule: &PolicyRule) -> Vec<Permission> {
    let names: Vec<_> = match rule.resource_names.as_deref().unwrap_or_default() {
        [] => vec![None],
        names => names.iter().cloned().map(Some).collect(),
    };
    let mut all = Vec::new();
    for group in rule.api_groups.iter().flatten() {
        for resource in rule.resources.iter().flatten() {
            for name in &names {
                all.extend(rule.verbs.iter().map(|verb| Permission {
                    verb: verb.clone(),
                    group: group.clone(),
                    resource: resource.clone(),
                    name: name.clone(),
                }));
            }
        }
    }
    all
}

impl Permission {
    fn review(&self, namespace: &str) -> SelfSubjectAccessReview {
        let (resource, subresource) = match self.resource.split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource.to_owned())),
            None => (self.resource.as_str(), None),
        };
        let attributes = ResourceAttributes {
            namespace: Some(namespace.to_owned()),
            verb: Some(self.verb.clone()),
            group: Some(self.group.clone()),
            resource: Some(resource.to_owned()),
            subresource,
            name: self.name.clone(),
            ..ResourceAttributes::default()
        };
        SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_read_and_of_secrets_it_has_only_create_and_its_own() {
        let all: Vec<_> = of_role().iter().map(ToString::to_string).collect();
        let secrets: Vec<_> = all.iter().filter(|text| text.contains("secrets")).collect();
        assert_eq!(
            secrets,
            ["create secrets", "get secrets named chainpod-credentials"]
        );
        assert!(all.contains(&"get pods/log".to_owned()), "{all:?}");
        assert!(all.iter().all(|text| !text.contains('*')), "{all:?}");
    }

    #[test]
    fn a_subresource_is_asked_for_as_one() {
        let log = of_role()
            .into_iter()
            .find(|permission| permission.resource == "pods/log");
        let review = log.unwrap().review("ns").spec.resource_attributes.unwrap();
        assert_eq!(
            (review.resource.as_deref(), review.subresource.as_deref()),
            (Some("pods"), Some("log"))
        );
        assert_eq!(review.namespace.as_deref(), Some("ns"));
    }
}
