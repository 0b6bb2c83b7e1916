//! The next Pod of a container, field by field and with the origin of each value, for `chainpod explain`.

use engine::container::Record;
use engine::image::Ruled;
use engine::launch::Launch;
use engine::process::Process;
use k8s_openapi::api::core::v1::Pod;
use rules::{Origin, Rules};

use crate::agent::AgentBy;
use crate::config::Config;
use crate::plan::Plan;
use crate::pod;

/// The user of a program that names none: see [`Config::FABRIC_UID`].
const DEFAULT_UID: i64 = Config::FABRIC_UID;

/// Returns the fields of the next Pod of `record` by `rules`, sorted, each with its origin: a rule's name, `client`,
/// `image` or `default`. An image that the rules do not allow has the refusal as its value.
#[must_use]
pub fn explain(rules: &Rules, record: &Record) -> Vec<Origin> {
    let reference = &record.container.image.reference;
    let refusal = rules.image(reference).err();
    let mut rows = Plan::of(&next(rules, record), rules, DEFAULT_UID).rows();
    if let (Some(refusal), Some(image)) = (refusal, rows.iter_mut().find(|row| row.field == "image")) {
        image.value = refusal.to_string();
        "allowedImages".clone_into(&mut image.rule);
    }
    rows
}

/// Returns the next Pod of `record` by `rules`: the one that [`explain`] explains, on a node that mounts the
/// agent's image. The Pod is not created.
#[must_use]
pub fn preview(rules: &Rules, record: &Record, config: &Config) -> Pod {
    let launch = next(rules, record);
    let plan = Plan::of(&launch, rules, DEFAULT_UID);
    pod::build(&launch, &plan, config, AgentBy::Mount)
}

/// Returns the next launch of `record`, as far as it is known without a registry.
fn next<'a>(rules: &Rules, record: &'a Record) -> Launch<'a> {
    let container = &record.container;
    let reference = container.image.reference.clone();
    let unruled = |_| Ruled {
        reference,
        ..Ruled::default()
    };
    let ruled = rules.image(&container.image.reference).unwrap_or_else(unruled);
    Launch::of(record, Process::of(container), ruled, "https://chainpod")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn each_field_says_who_gave_it() {
        let mut record = sample::chaincode();
        let container = &mut record.container;
        container.spec.memory_bytes = 2 << 30;
        container.spec.env.push("HTTPS_PROXY=http://own".to_owned());
        let overlay = container.image.overlay.as_mut().unwrap();
        overlay.env = vec!["CORE_CHAINCODE_BUILDLEVEL=2.5".to_owned()];
        let rules = "images:\n\
            - {match: 'docker.io/library/*', rewrite: 'mirror.example/library/*'}\n\
            - {match: 'docker.io/*', rewrite: 'mirror.example/*'}\n\
            pods:\n\
            - {name: other, match: {chaincode: other}, runAsUser: 7}\n\
            - {name: small, match: {chaincode: kv}, resources: {limits: {memory: 256Mi}}}\n\
            - {name: all, env: {HTTPS_PROXY: 'http://proxy', PIP_CERT: /own}, nodeSelector: {disk: ssd}, \
               caBundle: {configMap: corporate, key: ca.crt}, imagePullSecrets: [mirror]}\n";
        let rows = explain(&Rules::parse(rules).unwrap(), &record);
        let row = |field: &str| {
            let found = rows.iter().find(|row| row.field == field);
            let found = found.unwrap_or_else(|| panic!("{field}: {rows:#?}"));
            (found.value.as_str(), found.rule.as_str())
        };
        for (field, value, by) in [
            ("caBundle", r#"{"configMap":"corporate","key":"ca.crt"}"#, "all"),
            (
                "command",
                r#"["chaincode","-peer.address=peer0:7052","$(HOME) $$"]"#,
                "client",
            ),
            ("env.CORE_CHAINCODE_BUILDLEVEL", "2.5", "image"),
            ("env.CORE_PEER_LOCALMSPID", "Org1MSP", "client"),
            ("env.HTTPS_PROXY", "http://proxy", "all"),
            ("env.NODE_EXTRA_CA_CERTS", "/.chainpod-ca/ca.crt", "all"),
            ("env.PIP_CERT", "/own", "all"),
            (
                "image",
                "mirror.example/hyperledger/fabric-baseos:2.5",
                "images[1]",
            ),
            ("imagePullPolicy", "IfNotPresent", "default"),
            ("entrypoint", "[]", "built-in"),
            ("imagePullSecrets", r#"["mirror"]"#, "all"),
            ("nodeSelector.disk", "ssd", "all"),
            ("resources.limits.memory", "256Mi", "small"),
            ("resources.requests.cpu", "10000000n", "default"),
            ("runAsUser", "500", "default"),
        ] {
            assert_eq!(row(field), (value, by), "{field}");
        }
        let bare = explain(&Rules::default(), &record);
        let limit = bare.iter().find(|row| row.field == "resources.limits.memory");
        assert_eq!(
            limit.map(|row| (row.value.as_str(), row.rule.as_str())),
            Some(("2147483648", "client"))
        );
    }
}
