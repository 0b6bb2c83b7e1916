//! The program's environment.

use agent_protocol::{CA_BUNDLE_FILE, TRUSTSTORE_FILE};
use engine::launch::Launch;
use rules::{Choice, EnvValue, Text};

use super::merge;
use super::said::{By, Said};

/// The variables from which OpenSSL and Go, Node, git, curl, Python's requests and pip read the path of
/// certificates.
const CA_VARIABLES: [&str; 6] = [
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
];
/// The variable that every Java virtual machine reads.
const JAVA_OPTIONS: &str = "JAVA_TOOL_OPTIONS";

/// Returns the environment: the variables of the image and the client, replaced by variables of the rules
/// with the same name, and the variables with the path of a CA bundle unless they are set.
pub(super) fn of(launch: &Launch<'_>, choice: &Choice) -> Vec<(String, Said<EnvValue>)> {
    let asked = &launch.record.container.spec.env;
    let by_client = |name: &str| {
        let is_it = |entry: &String| entry.split_once('=').is_some_and(|(known, _)| known == name);
        asked.iter().any(is_it)
    };
    let known = launch.process.env.iter().map(|(name, value)| {
        let by = if by_client(name) { By::Client } else { By::Image };
        (name.clone(), Said::new(by, text(value.clone())))
    });
    let ruled = &choice.fields.env;
    let mut env: Vec<_> = known.filter(|(name, _)| !ruled.contains_key(name)).collect();
    env.extend(merge::by_key(choice, "env", ruled, EnvValue::clone));
    if choice.fields.ca_bundle.is_some() {
        for (name, value) in announced(launch.task.is_some()) {
            if !env.iter().any(|(known, _)| known == name) {
                let said = Said::new(merge::by(choice, "caBundle"), text(value));
                env.push((name.to_owned(), said));
            }
        }
    }
    env
}

/// Returns the variables with the path of the certificates. The variable for Java is included only if an
/// agent writes the certificates for it.
fn announced(has_agent: bool) -> impl Iterator<Item = (&'static str, String)> {
    let java = format!("-Djavax.net.ssl.trustStore={TRUSTSTORE_FILE}");
    let java = has_agent.then_some((JAVA_OPTIONS, java));
    let others = CA_VARIABLES.map(|name| (name, CA_BUNDLE_FILE.to_owned()));
    others.into_iter().chain(java)
}

const fn text(value: String) -> EnvValue {
    EnvValue::Text(Text(value))
}
