//! The hint for a build that fails because it cannot download. The tool's output stays as it is. A last line
//! names the setting that helps.

use std::collections::VecDeque;

/// Lines at the end of a build's output that are searched for the reason of its failure.
const LAST_LINES: usize = 40;
/// Bytes of a line that are searched: a tool's message with the addresses in it. The rest is not kept in
/// memory.
const LINE_BYTES: usize = 4 * 1024;

/// Causes of failures: messages of the tools, and the help for each. The first match is used, because a tool
/// that does not trust a server also reports that it did not reach it.
const CAUSES: [(&[&str], Help); 4] = [
    (
        &[
            // Java
            "PKIX path building failed",
            "unable to find valid certification path",
            // Node.js
            "SELF_SIGNED_CERT_IN_CHAIN",
            "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            // Go
            "x509: certificate signed by unknown authority",
            // git, curl
            "server certificate verification failed",
            "SSL certificate problem",
            // pip
            "CERTIFICATE_VERIFY_FAILED",
        ],
        Help::Trust,
    ),
    (
        &[
            // npm
            "code E401",
            "code E403",
            "code ENEEDAUTH",
            // Maven, Gradle
            "status code: 401",
            "status code: 403",
            "Received status code 401",
            "Received status code 403",
            // Go
            "401 Unauthorized",
            "403 Forbidden",
            // git
            "Authentication failed for",
            "could not read Username",
        ],
        Help::Credentials,
    ),
    (
        &[
            // npm
            "ECONNREFUSED",
            "ECONNRESET",
            "EAI_AGAIN",
            "EHOSTUNREACH",
            "ENETUNREACH",
            "ENOTFOUND",
            "ERR_SOCKET_TIMEOUT",
            "ETIMEDOUT",
            // Maven, Gradle
            "Could not transfer artifact",
            "UnknownHostException",
            "Could not GET",
            // Go
            "dial tcp",
            "proxyconnect tcp",
            // git, curl
            "Could not resolve host",
            "Failed to connect to",
            // pip
            "Failed to establish a new connection",
        ],
        Help::Reach,
    ),
    // npm writes only this if there is a lock file, whatever went wrong.
    (&["Exit handler never called!"], Help::Ask),
];

/// Tools, by the beginnings of their messages, and the settings of each tool's registry.
const TOOLS: [(&[&str], Registry); 5] = [
    (
        &["npm error", "npm ERR!"],
        Registry {
            address: "env npm_config_registry",
            credentials: "files with an .npmrc",
        },
    ),
    (
        &["[ERROR]"],
        Registry {
            address: "files with Maven's settings.xml",
            credentials: "files with Maven's settings.xml",
        },
    ),
    (
        &["FAILURE: Build failed", "> Could not"],
        Registry {
            address: "files with Gradle's init.gradle",
            credentials: "files with Gradle's gradle.properties",
        },
    ),
    (
        &["go: ", "verifying module"],
        Registry {
            address: "env GOPROXY and GOSUMDB",
            credentials: "files with a .netrc",
        },
    ),
    (
        &["ERROR: Could not find a version", "WARNING: Retrying"],
        Registry {
            address: "env PIP_INDEX_URL",
            credentials: "files with a .netrc",
        },
    ),
];

/// The advice for a cause.
#[derive(Clone, Copy)]
enum Help {
    /// Make the tool trust the server.
    Trust,
    /// Give the tool credentials.
    Credentials,
    /// Make the server reachable.
    Reach,
    /// Make the tool write more.
    Ask,
}

/// The settings of a tool's registry.
struct Registry {
    address: &'static str,
    credentials: &'static str,
}

/// The end of a build's output.
#[derive(Default)]
pub(crate) struct Output(VecDeque<String>);

impl Output {
    /// Takes the next line.
    pub(crate) fn line(&mut self, text: &[u8]) {
        if self.0.len() == LAST_LINES {
            self.0.pop_front();
        }
        let text = &text[..text.len().min(LINE_BYTES)];
        self.0.push_back(String::from_utf8_lossy(text).into_owned());
    }

    /// Returns a hint for the failure that the last lines report, or none if they report no known failure.
    pub(crate) fn hint(&self) -> Option<String> {
        let says = |words: &[&str]| {
            words
                .iter()
                .any(|word| self.0.iter().any(|line| line.contains(word)))
        };
        let (_, help) = CAUSES.iter().find(|(words, _)| says(words))?;
        let begins = |words: &[&str]| {
            words
                .iter()
                .any(|word| self.0.iter().any(|line| line.starts_with(word)))
        };
        let tool = TOOLS.iter().find(|(words, _)| begins(words));
        Some(help.sentence(tool.map(|(_, registry)| registry)))
    }
}

impl Help {
    /// Returns the hint's sentence.
    fn sentence(self, registry: Option<&Registry>) -> String {
        let (address, credentials) = match registry {
            Some(registry) => (registry.address, registry.credentials),
            None => ("the registry's address in env", "files with the tool's settings"),
        };
        match self {
            Self::Trust => "the build does not trust the server it downloads from: set caBundle in \
                            chainpod's rules to the server's CA"
                .to_owned(),
            Self::Credentials => format!(
                "the server that the build downloads from requires credentials: set {credentials} from a \
                 secret in chainpod's rules"
            ),
            Self::Reach => format!(
                "the build cannot reach the server it downloads from: set {address}, or env HTTPS_PROXY and \
                 NO_PROXY, in chainpod's rules, and caBundle if the server has a private CA"
            ),
            Self::Ask => format!(
                "npm does not report its error: set env npm_config_loglevel=http in chainpod's rules; if npm cannot \
                 download, check {address}, env HTTPS_PROXY and NO_PROXY, and caBundle"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint_for(output: &str) -> Option<String> {
        let mut last = Output::default();
        for line in output.lines() {
            last.line(line.as_bytes());
        }
        last.hint()
    }

    #[test]
    fn a_tools_own_words_lead_to_the_setting_that_helps() {
        for (output, setting) in [
            (
                "npm http fetch GET https://r.example/y18n attempt 1 failed with ECONNREFUSED\nnpm error Exit handler never called!",
                "set env npm_config_registry",
            ),
            (
                "npm error code ECONNREFUSED\nnpm error FetchError: request to http://127.0.0.1:9/winston failed",
                "env npm_config_registry, or env HTTPS_PROXY",
            ),
            ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "caBundle"),
            (
                "npm error Exit handler never called!",
                "env npm_config_registry, env HTTPS_PROXY and NO_PROXY, and caBundle",
            ),
            ("npm error code E401", "files with an .npmrc from a secret"),
            (
                "[ERROR] Could not transfer artifact a:b:pom:1 from/to central (https://r.example): PKIX path building failed",
                "caBundle",
            ),
            (
                "[ERROR] Could not transfer artifact a:b:pom:1 from/to central (https://r.example): r.example: Name or service not known",
                "Maven's settings.xml",
            ),
            (
                "go: golang.org/x/net@v0.26.0: Get \"https://p.example/v0.26.0.zip\": dial tcp: lookup p.example: no such host",
                "env GOPROXY",
            ),
            (
                "go: x@v1: Get \"https://p.example/x\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
                "caBundle",
            ),
            ("curl: (6) Could not resolve host: r.example", "env HTTPS_PROXY"),
            (
                "WARNING: Retrying … Failed to establish a new connection",
                "env PIP_INDEX_URL",
            ),
        ] {
            let hint = hint_for(output).unwrap_or_default();
            assert!(hint.contains(setting), "{output}: {hint}");
        }
    }

    #[test]
    fn a_build_that_fails_otherwise_has_no_hint() {
        let compiler = "./main.go:7:2: undefined: x\n".repeat(LAST_LINES);
        assert_eq!(hint_for(&compiler), None);
        assert_eq!(
            hint_for(&format!("npm error code ECONNREFUSED\n{compiler}")),
            None
        );
    }

    #[test]
    fn of_a_long_line_only_the_beginning_is_held() {
        let mut last = Output::default();
        let long = vec![b'x'; 64 * 1024];
        last.line(&[b"ECONNREFUSED ", &long[..]].concat());
        last.line(&[&long[..], b" SSL certificate problem"].concat());
        let held: usize = last.0.iter().map(String::capacity).sum();
        assert!(held <= 2 * LINE_BYTES, "{held} bytes");
        assert!(last.hint().unwrap().contains("HTTPS_PROXY"));
    }

    #[test]
    fn every_hint_is_in_the_docs() {
        const DOCS: &str = include_str!("../../../docs/failures.md");
        let (_, npm) = &TOOLS[0];
        for (_, help) in &CAUSES {
            let hint = help.sentence(Some(npm));
            assert!(
                DOCS.contains(&format!("| {hint} |")),
                "not in docs/failures.md: {hint}"
            );
        }
    }
}
