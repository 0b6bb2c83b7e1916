//! Merges a container's image and request, as Docker does, into the program that its Pod runs.

use crate::container::{Container, Spec};
use crate::image::Overlay;

/// The options that give chaincode its peer's address: for Go and Node.js, and for Java (Fabric:
/// `core/chaincode/platforms`).
const PEER_OPTIONS: [&str; 2] = ["peer.address", "peerAddress"];
/// The program of a container, with its arguments and environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Entrypoint and command.
    pub argv: Vec<String>,
    /// Name and value, one entry per name. The variables of the image come first.
    pub env: Vec<(String, String)>,
    /// The working directory. Empty means the base image's directory.
    pub working_dir: String,
    /// The user. Empty means the default of the image rules.
    pub user: String,
}

impl Process {
    /// Returns the program that Docker would run for this container, as far as it is known. The image's own
    /// command may be added later.
    #[must_use]
    pub fn of(container: &Container) -> Self {
        let (spec, none) = (&container.spec, Overlay::default());
        let overlay = container.image.overlay.as_ref().unwrap_or(&none);
        let base = container.image_command.clone().unwrap_or_default();
        // As in Docker: the base's CMD was for the base's ENTRYPOINT.
        let (entrypoint, base_cmd) = match &overlay.entrypoint {
            Some(entrypoint) => (Some(entrypoint), None),
            None => (base.entrypoint.as_ref(), base.cmd.as_ref()),
        };
        let cmd = overlay.cmd.as_ref().or(base_cmd);
        let argv = merge_command(spec, entrypoint.map(Vec::as_slice), cmd.map(Vec::as_slice));
        let or = |own: &str, image: &str| {
            if own.is_empty() {
                image.to_owned()
            } else {
                own.to_owned()
            }
        };
        Self {
            argv,
            env: merge_env(overlay.env.iter().chain(&spec.env)),
            working_dir: or(&spec.working_dir, &overlay.working_dir),
            user: or(&spec.user, &overlay.user),
        }
    }
}

impl Process {
    /// Returns the address of the peer that the program serves, or none if it is not chaincode. The address
    /// may be one word of a shell script.
    #[must_use]
    pub fn peer_address(&self) -> Option<&str> {
        let words = self.argv.iter().flat_map(|arg| arg.split([' ', '=']));
        let mut words = words.filter(|word| !word.is_empty());
        words.find(|word| PEER_OPTIONS.contains(&word.trim_start_matches('-')))?;
        words.next()
    }
}

impl Container {
    /// Returns true if the image's own command is needed and not known yet. An agent replaces the image's
    /// ENTRYPOINT. So it needs the command, unless the request or the build has an ENTRYPOINT and the result
    /// is not empty. Without an agent, the runtime knows the command, which is needed only if the request
    /// clears the ENTRYPOINT and has no command.
    pub(crate) fn needs_image_command(&self) -> bool {
        let overlay = self.image.overlay.as_ref();
        let built = overlay.is_some_and(|overlay| overlay.entrypoint.is_some());
        let is_open = Process::of(self).argv.is_empty();
        match self.needs_agent() {
            _ if self.image_command.is_some() => false,
            true => is_open || (self.spec.entrypoint.is_none() && !built),
            false => is_open && self.spec.entrypoint.is_some(),
        }
    }
}

/// Merges entrypoint and command as Docker's `merge` does. A request's own entrypoint drops the image's
/// command. An empty entrypoint drops the image's entrypoint. An empty command counts as absent.
fn merge_command(spec: &Spec, entrypoint: Option<&[String]>, cmd: Option<&[String]>) -> Vec<String> {
    let own_cmd = spec.cmd.as_deref().filter(|cmd| !cmd.is_empty());
    let (entrypoint, image_cmd) = match spec.entrypoint.as_deref() {
        None => (entrypoint, cmd),
        Some([]) => (None, cmd),
        // `docker run --entrypoint ""`.
        Some([word]) if word.is_empty() => (None, None),
        own => (own, None),
    };
    let words = [entrypoint, own_cmd.or(image_cmd)].into_iter().flatten();
    words.flatten().cloned().collect()
}

/// Later entries replace earlier ones of the same name in place, as Docker's `ReplaceOrAppendEnvValues`. A
/// name without `=` removes the variable.
fn merge_env<'a>(entries: impl Iterator<Item = &'a String>) -> Vec<(String, String)> {
    let mut env: Vec<(String, String)> = Vec::new();
    for entry in entries {
        let Some((name, value)) = entry.split_once('=') else {
            env.retain(|(known, _)| known != entry);
            continue;
        };
        match env.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value.to_owned(),
            None => env.push((name.to_owned(), value.to_owned())),
        }
    }
    env
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_wins_over_the_image_and_a_bare_name_unsets() {
        let entries = ["A=1", "B=x=y", "A=", "C=3", "C"].map(str::to_owned);
        let expected = [("A", ""), ("B", "x=y")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(merge_env(entries.iter()), expected);
    }

    #[test]
    fn a_command_is_merged_as_docker_does_it() {
        let list = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        let (entrypoint, cmd) = (list("e"), list("c"));
        for (own_entrypoint, own_cmd, merged) in [
            (None, None, "e c"),
            (None, Some("x"), "e x"),
            (None, Some(""), "e c"),
            (Some("o"), None, "o"),
            (Some("o"), Some("x y"), "o x y"),
            (Some(""), None, "c"),
            (Some(""), Some("x"), "x"),
        ] {
            let spec = Spec {
                entrypoint: own_entrypoint.map(list),
                cmd: own_cmd.map(list),
                ..Spec::default()
            };
            let argv = merge_command(&spec, Some(&entrypoint), Some(&cmd));
            assert_eq!(argv, list(merged), "{own_entrypoint:?} {own_cmd:?}");
        }
        let spec = Spec {
            entrypoint: Some(vec![String::new()]),
            ..Spec::default()
        };
        assert_eq!(merge_command(&spec, Some(&entrypoint), Some(&cmd)), [""; 0]);
    }

    #[test]
    fn every_languages_command_tells_the_peers_address() {
        let of = |argv: &[&str]| Process {
            argv: argv.iter().map(|&word| word.to_owned()).collect(),
            env: Vec::new(),
            working_dir: String::new(),
            user: String::new(),
        };
        for argv in [
            &["chaincode", "-peer.address=peer0:7052"][..],
            &[
                "/bin/bash",
                "-c",
                "set -e; cd /usr/local/src; npm start -- --peer.address peer0:7052",
            ],
            &["/root/chaincode-java/start", "--peerAddress", "peer0:7052"],
        ] {
            assert_eq!(of(argv).peer_address(), Some("peer0:7052"), "{argv:?}");
        }
        assert_eq!(of(&["go", "version"]).peer_address(), None);
    }
}
