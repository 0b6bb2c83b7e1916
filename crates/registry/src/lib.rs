//! The look-up of an image's ENTRYPOINT and CMD in its registry, if neither a request nor a rule names them.
//! It pulls no images: the nodes do that.

mod credentials;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use engine::image::ImageCommand;
use image_name::ImageName;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::config::ConfigFile;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use tokio::time::{Instant, timeout};

/// The time limit for a registry: a launch waits for it, and a peer for the launch.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(5);
/// The time for which an answer is kept: a tag may move.
const ANSWER_COUNTS: Duration = Duration::from_secs(600);
/// The time for which a failure is kept: a burst of launches must not ask once for each.
const FAILURE_COUNTS: Duration = Duration::from_secs(10);

type Answer = Result<ImageCommand, String>;

/// A client of registries, with the credentials that a file has for them.
pub struct Registries {
    /// Docker's `config.json`. It is read for each look-up, because it may be replaced.
    auth: Option<PathBuf>,
    known: Mutex<HashMap<String, (Instant, Answer)>>,
}

impl Registries {
    /// A client with the credentials of that `config.json`, or with none. rustls' default provider must be
    /// installed.
    #[must_use]
    pub fn new(auth: Option<PathBuf>) -> Self {
        Self {
            auth,
            known: Mutex::default(),
        }
    }

    /// Returns the command that the image of that name runs by default. Answers after 5 s at the latest. An
    /// answer is kept for 10 minutes, a failure for 10 s.
    ///
    /// # Errors
    /// Returns a message if the command is not known: the registry's own, if it has answered.
    pub async fn command(&self, image: &str) -> Answer {
        if let Some(answer) = self.known(image) {
            return answer;
        }
        let answer = timeout(LOOK_UP_LIMIT, self.look_up(image)).await;
        let answer = answer.unwrap_or_else(|_| {
            let secs = LOOK_UP_LIMIT.as_secs();
            Err(format!("its registry did not answer within {secs} s"))
        });
        self.remember(image, &answer);
        answer
    }

    fn known(&self, image: &str) -> Option<Answer> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (until, _)| Instant::now() < *until);
        known.get(image).map(|(_, answer)| answer.clone())
    }

    fn remember(&self, image: &str, answer: &Answer) {
        let counts = if answer.is_ok() {
            ANSWER_COUNTS
        } else {
            FAILURE_COUNTS
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(image.to_owned(), (Instant::now() + counts, answer.clone()));
    }

    async fn look_up(&self, image: &str) -> Answer {
        let name =
            ImageName::parse(image).map_err(|error| format!("{image:?} is not an image name: {error}"))?;
        let reference = reference(&name);
        let host = name.registry();
        let auth = match &self.auth {
            Some(file) => credentials::of(file, host)?,
            None => RegistryAuth::Anonymous,
        };
        let config = ClientConfig {
            protocol: protocol(host),
            connect_timeout: Some(LOOK_UP_LIMIT),
            user_agent: concat!("chainpod/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|error| error.to_string())?;
        let pulled = client.pull_manifest_and_config(&reference, &auth).await;
        let (_, _, config) = pulled.map_err(|error| said(&error))?;
        let config: ConfigFile = serde_json::from_str(&config)
            .map_err(|error| format!("its configuration cannot be read: {error}"))?;
        let config = config.config.unwrap_or_default();
        let given = |words: Option<Vec<String>>| words.filter(|words| !words.is_empty());
        Ok(ImageCommand {
            entrypoint: given(config.entrypoint),
            cmd: given(config.cmd),
        })
    }
}

/// Returns the name as oci-client takes it, which never reads one itself: its reader costs 12 MB and differs from Docker's.
fn reference(name: &ImageName) -> Reference {
    let (registry, path) = (name.registry().to_owned(), name.path().to_owned());
    match name.digest() {
        Some(digest) => Reference::with_digest(registry, path, digest.to_owned()),
        None => Reference::with_tag(registry, path, name.tag().unwrap_or_default().to_owned()),
    }
}

/// Returns the protocol, as Docker and containerd choose it: without TLS only on the loopback interface.
fn protocol(host: &str) -> ClientProtocol {
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let ip = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    if name == "localhost" || ip.is_ok_and(|ip| ip.is_loopback()) {
        ClientProtocol::Http
    } else {
        ClientProtocol::Https
    }
}

/// Returns the text of an error and of all its causes: the outer text alone says least.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        below = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_interface_is_without_tls() {
        for (host, is_plain) in [
            ("127.0.0.1:5000", true),
            ("localhost", true),
            ("[::1]:5000", true),
            ("[::1]", true),
            ("docker.io", false),
            ("10.0.0.7:5000", false),
        ] {
            assert_eq!(matches!(protocol(host), ClientProtocol::Http), is_plain, "{host}");
        }
    }

    #[test]
    fn the_client_asks_for_the_image_of_that_name() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        for (name, asked) in [
            ("busybox", "docker.io/library/busybox:latest"),
            ("[::1]:5000/a/b:T", "[::1]:5000/a/b:T"),
            (
                &format!("mirror.example/a:1@{digest}"),
                &format!("mirror.example/a@{digest}"),
            ),
        ] {
            assert_eq!(reference(&ImageName::parse(name).unwrap()).whole(), asked);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_asked_for_once_in_a_burst() {
        // This fails only if a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let registries = Registries::new(None);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let image = format!("{}/a:1", listener.local_addr().unwrap());
        // This registry accepts connections and never answers.
        assert_eq!(
            registries.command(&image).await.unwrap_err(),
            "its registry did not answer within 5 s"
        );
        let asked = Instant::now();
        assert!(registries.command(&image).await.is_err());
        assert_eq!(asked.elapsed(), Duration::ZERO);
        tokio::time::advance(FAILURE_COUNTS).await;
        assert!(registries.known(&image).is_none());
    }

    #[tokio::test]
    async fn what_is_no_name_and_who_is_not_there_is_said() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let registries = Registries::new(None);
        let error = registries.command("A B").await.unwrap_err();
        assert!(error.starts_with("\"A B\" is not an image name: "), "{error}");
        // oci-client's own reader takes it for docker.io/EVIL/a.
        let error = registries.command("EVIL/a").await.unwrap_err();
        assert!(
            error.contains("repository name (EVIL/a) must be lowercase"),
            "{error}"
        );
        let error = registries.command("127.0.0.1:1/a:1").await.unwrap_err();
        assert!(error.contains("onnection refused"), "{error}");
    }
}
