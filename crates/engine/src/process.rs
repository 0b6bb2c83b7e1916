//! From a container to what its Pod runs: the merge of image and request that
//! Docker does, and the task of the Pod's agent.

use agent_protocol::{Task, VERSION};

use crate::container::{Container, Record, Role, Upload};
use crate::error::{Error, Result};
use crate::image::Overlay;

/// Where a build container leaves what it made (Fabric: `core/chaincode/platforms/util`).
pub const BUILD_OUTPUT: &str = "/chaincode/output";

/// The program of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Entrypoint and command.
    pub argv: Vec<String>,
    /// Name and value, image's first; one entry per name.
    pub env: Vec<(String, String)>,
    /// The working directory; empty is the base image's.
    pub working_dir: String,
    /// The user; empty is the default of the image rules.
    pub user: String,
}

/// All that one start needs to become a Pod.
pub struct Launch<'a> {
    /// The container, its start counter already raised.
    pub record: &'a Record,
    /// What it runs.
    pub process: Process,
    /// What its agent does.
    pub task: Task,
    /// The directories that get an emptyDir, sorted, none twice.
    pub directories: Vec<String>,
}

impl Process {
    /// What Docker would run for this container.
    ///
    /// # Errors
    /// `Invalid` when neither the request nor the image says a command.
    pub fn of(container: &Container) -> Result<Self> {
        let (spec, none) = (&container.spec, Overlay::default());
        let overlay = container.image.overlay.as_ref().unwrap_or(&none);
        let entrypoint = spec.entrypoint.as_ref().or(overlay.entrypoint.as_ref());
        // An entrypoint of the request's own takes the image's command away.
        let image_cmd = if spec.entrypoint.is_none() {
            overlay.cmd.as_ref()
        } else {
            None
        };
        let cmd = spec.cmd.as_ref().or(image_cmd);
        let argv: Vec<String> = [entrypoint, cmd]
            .into_iter()
            .flatten()
            .flatten()
            .cloned()
            .collect();
        if argv.is_empty() {
            return Err(Error::Invalid("No command specified".to_owned()));
        }
        let or = |own: &str, image: &str| {
            if own.is_empty() {
                image.to_owned()
            } else {
                own.to_owned()
            }
        };
        Ok(Self {
            argv,
            env: merge_env(overlay.env.iter().chain(&spec.env)),
            working_dir: or(&spec.working_dir, &overlay.working_dir),
            user: or(&spec.user, &overlay.user),
        })
    }
}

impl<'a> Launch<'a> {
    /// The launch of `record`'s current start, which runs `process`; its agent calls home below `agent_url`.
    #[must_use]
    pub fn of(record: &'a Record, process: Process, agent_url: &str) -> Self {
        let container = &record.container;
        let mut inputs = Vec::new();
        let mut directories = Vec::new();
        if let Some(overlay) = &container.image.overlay {
            inputs.extend(overlay.layers.iter().map(|_| "/".to_owned()));
            directories.extend(overlay.directories.iter().cloned());
        }
        for upload in &container.uploads {
            if let Upload::Archive { path, .. } = upload {
                inputs.push(path.clone());
                directories.push(path.clone());
            }
        }
        let outputs: Vec<_> = outputs(container.role)
            .iter()
            .map(|&directory| directory.to_owned())
            .collect();
        // The image's may be root's.
        directories.extend(outputs.iter().cloned());
        directories.sort();
        directories.dedup();
        let url = format!(
            "{agent_url}/agent/v1/{}/{}/{}",
            record.name, record.uid, container.starts
        );
        let task = Task {
            version: VERSION,
            url,
            inputs,
            outputs,
        };
        Self {
            record,
            process,
            task,
            directories,
        }
    }
}

/// The directories that a container of that role leaves behind.
pub(crate) const fn outputs(role: Role) -> &'static [&'static str] {
    match role {
        Role::Build => &[BUILD_OUTPUT],
        Role::Chaincode => &[],
    }
}

impl Container {
    /// The blobs of its own: what was put into it and what it left behind.
    pub fn blobs(&self) -> impl Iterator<Item = &crate::image::Digest> {
        self.uploaded().chain(self.outputs.values())
    }

    fn uploaded(&self) -> impl Iterator<Item = &crate::image::Digest> {
        self.uploads.iter().filter_map(|upload| match upload {
            Upload::Archive { digest, .. } => Some(digest),
            Upload::Files { .. } => None,
        })
    }

    /// The blobs that the agent may fetch, in the order of [`Task::inputs`].
    pub fn inputs(&self) -> impl Iterator<Item = &crate::image::Digest> {
        let layers = self.image.overlay.iter().flat_map(|overlay| &overlay.layers);
        layers.chain(self.uploaded())
    }
}

/// Later entries replace earlier ones of the same name in place, as Docker's
/// `ReplaceOrAppendEnvValues`. A name without `=` unsets.
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
}
