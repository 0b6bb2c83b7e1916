//! Docker's `config.json`: the credentials for each registry.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;

/// The names under which the credentials for Docker Hub are kept.
const DOCKER_HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// The file, as Docker and `kubectl create secret docker-registry` write it.
#[derive(Deserialize)]
struct ConfigFile {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    /// `USER:PASSWORD` in base64.
    auth: String,
    username: String,
    password: String,
}

/// Returns the credentials that `file` has for the registry `host`.
///
/// # Errors
/// Returns the reason why the file cannot be read. The text has nothing of its content.
pub(crate) fn of(file: &Path, host: &str) -> Result<RegistryAuth, String> {
    let place = file.display();
    let text =
        fs::read_to_string(file).map_err(|error| format!("cannot read {place} (registry-auth): {error}"))?;
    // The text of serde's error may quote what it read.
    let config: ConfigFile = serde_json::from_str(&text)
        .map_err(|_| format!("{place} (registry-auth) is not a Docker config.json"))?;
    let mut entries = config.auths.into_iter();
    let entry = entries.find(|(key, _)| is_of(key, host)).map(|(_, entry)| entry);
    let Some(entry) = entry else {
        return Ok(RegistryAuth::Anonymous);
    };
    let pair = match entry.username.is_empty() {
        false => Some((entry.username, entry.password)),
        true => decoded(&entry.auth),
    };
    pair.map(|(user, password)| RegistryAuth::Basic(user, password))
        .ok_or_else(|| format!("{place} (registry-auth) has no user and password for {host}"))
}

/// Returns true if a key (`HOST`, `https://HOST` or `https://HOST/v1/`) names that registry.
fn is_of(key: &str, host: &str) -> bool {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    let key = key.split('/').next().unwrap_or(key);
    key == host || (DOCKER_HUB.contains(&key) && DOCKER_HUB.contains(&host))
}

fn decoded(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(auth).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_however_the_registry_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        fs::write(
            &file,
            r#"{"auths": {"https://index.docker.io/v1/": {"auth": "dTpwOnE="}, "r:5000": {"username": "v", "password": "w"},
                "token.example": {"identitytoken": "t"}}, "credsStore": "x"}"#,
        )
        .unwrap();
        let basic = |user: &str, password: &str| RegistryAuth::Basic(user.to_owned(), password.to_owned());
        assert_eq!(of(&file, "docker.io").unwrap(), basic("u", "p:q"));
        assert_eq!(of(&file, "r:5000").unwrap(), basic("v", "w"));
        assert_eq!(of(&file, "other").unwrap(), RegistryAuth::Anonymous);
        assert!(
            of(&file, "token.example")
                .unwrap_err()
                .contains("has no user and password")
        );
        fs::write(&file, "secret").unwrap();
        let error = of(&file, "other").unwrap_err();
        assert!(
            error.contains("is not a Docker config.json") && !error.contains("secret"),
            "{error}"
        );
    }
}
