//! The own command of an image. A launch needs it if neither the client nor the image's build says what runs.

use std::sync::Arc;

use agent_protocol::exit_code::NOT_FOUND;

use crate::container::Container;
use crate::engine::{Engine, Live};
use crate::failure::Cause;
use crate::image::{ImageCommand, Ruled};
use crate::life::Transition;
use crate::process::Process;

/// Docker's text, and the two places that could name a command.
const NO_COMMAND: &str = "No command specified: neither the request nor its image has one";

impl Engine {
    /// Returns the own command of `container`'s image, if the operator's rules name it.
    pub(super) fn ruled_command(&self, container: &Container) -> Option<ImageCommand> {
        let ruled = self.ruled(&container.image.reference).ok()?;
        let command = ImageCommand {
            entrypoint: Some(ruled.entrypoint?),
            cmd: None,
        };
        let is_enough = !process_with(container, &command).argv.is_empty();
        (container.needs_image_command() && is_enough).then_some(command)
    }

    /// Returns the program of the current start. If only the registry knows it, asks the registry and keeps
    /// the answer on the record. No lock is held meanwhile.
    pub(super) async fn process(
        &self,
        live: &Arc<Live>,
        ruled: &Ruled,
    ) -> std::result::Result<Process, Cause> {
        let container = live.record().container;
        if !container.needs_image_command() {
            return Ok(Process::of(&container));
        }
        let looked_up = self.0.settings.images.command(&ruled.reference).await;
        let mut command = looked_up.map_err(|message| Cause::ImageCommand {
            image: ruled.reference.clone(),
            message,
        })?;
        command.entrypoint = ruled.entrypoint.clone().or(command.entrypoint);
        let process = process_with(&container, &command);
        self.enact(live, Transition::CommandFound(command)).await;
        if process.argv.is_empty() {
            return Err(Cause::Command {
                message: NO_COMMAND.to_owned(),
                code: NOT_FOUND,
            });
        }
        Ok(process)
    }
}

/// Returns the program of `container` if `command` is its image's own.
fn process_with(container: &Container, command: &ImageCommand) -> Process {
    Process::of(&Container {
        image_command: Some(command.clone()),
        ..container.clone()
    })
}
