//! What a launch needs to know of its image beside the store: what the operator's
//! rules make of it, and what it runs by itself.

use std::sync::Arc;

use crate::container::Container;
use crate::engine::{Engine, Live};
use crate::error::{Error, Result};
use crate::failure::Cause;
use crate::image::{ImageCommand, Ruled};
use crate::life::Transition;
use crate::process::Process;

impl Engine {
    /// What the rules say of the image of that name.
    ///
    /// # Errors
    /// `NotAllowed`.
    pub(in crate::engine) fn ruled(&self, name: &str) -> Result<Ruled> {
        self.0.settings.images.ruled(name).map_err(Error::NotAllowed)
    }

    /// What the image of `container` runs by itself, where the operator's rules say enough of that.
    pub(in crate::engine) fn ruled_command(&self, container: &Container) -> Option<ImageCommand> {
        let ruled = self.ruled(&container.image.reference).ok()?;
        let command = ImageCommand {
            entrypoint: Some(ruled.entrypoint?),
            cmd: None,
        };
        let is_enough = !process_with(container, &command).argv.is_empty();
        (container.needs_image_command() && is_enough).then_some(command)
    }

    /// What the current start runs. Where only its image knows that, it is asked for, and kept on the record; nothing
    /// is held meanwhile.
    pub(in crate::engine) async fn process(
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

/// What `container` runs if that is what its image runs by itself.
fn process_with(container: &Container, command: &ImageCommand) -> Process {
    Process::of(&Container {
        image_command: Some(command.clone()),
        ..container.clone()
    })
}

/// Docker's text, and who could have said one.
const NO_COMMAND: &str = "No command specified: neither the request nor its image has one";
/// Docker's exit code where there is no program.
const NOT_FOUND: i64 = 127;
