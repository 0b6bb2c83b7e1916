//! What a launch needs to know of its image beside the store: what the operator's
//! rules make of it, and what it runs by itself.

use super::{Engine, Live};
use crate::error::{Error, Result};
use crate::failure::Cause;
use crate::image::{ImageCommand, Ruled};
use crate::process::Process;

impl Engine {
    /// What the rules say of the image of that name.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub(super) fn ruled(&self, name: &str) -> Result<Ruled> {
        self.0.settings.images.ruled(name).map_err(Error::NotAllowed)
    }

    /// What the current start runs. Where only its image knows that, it is asked for, and kept on the record; nothing
    /// is held meanwhile.
    pub(super) async fn process(&self, live: &Live, ruled: &Ruled) -> std::result::Result<Process, Cause> {
        let container = live.record().container;
        if !container.needs_image_command() {
            return Ok(Process::of(&container));
        }
        let of_rules = ruled.entrypoint.clone().map(|entrypoint| ImageCommand {
            entrypoint: Some(entrypoint),
            cmd: None,
        });
        let with = |command: Option<ImageCommand>| {
            let mut container = container.clone();
            container.image_command = command;
            Process::of(&container)
        };
        let process = with(of_rules.clone());
        let command = if of_rules.is_some() && !process.argv.is_empty() {
            of_rules
        } else {
            let looked_up = self.0.settings.images.command(&ruled.reference).await;
            let mut command = looked_up.map_err(|message| Cause::ImageCommand {
                image: ruled.reference.clone(),
                message,
            })?;
            command.entrypoint = ruled.entrypoint.clone().or(command.entrypoint);
            Some(command)
        };
        let process = with(command.clone());
        self.record_fact(live, |container| {
            let known = container.image_command == command;
            (!known).then(|| container.image_command.clone_from(&command))
        })
        .await;
        if process.argv.is_empty() {
            return Err(Cause::Command {
                message: NO_COMMAND.to_owned(),
                code: NOT_FOUND,
            });
        }
        Ok(process)
    }
}

/// Docker's text, and who could have said one.
const NO_COMMAND: &str = "No command specified: neither the request nor its image has one";
/// Docker's exit code where there is no program.
const NOT_FOUND: i64 = 127;
