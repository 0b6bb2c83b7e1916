//! Kill: the agent signals the program.

use agent_protocol::Command;

use super::terminate::{SIGKILL, SIGTERM};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::phase::{Legality, Operation};

impl Engine {
    /// Sends a signal to a container's program. After SIGKILL, waits for the end of the program.
    ///
    /// # Errors
    /// Returns `NotRunning`, `Conflict` if the signal cannot be delivered, or the API server's error.
    pub async fn kill(&self, reference: &str, signal: i32) -> Result<()> {
        let live = self.find(reference).await?;
        let container = live.record().container;
        if Operation::Kill.in_phase(container.phase) == Legality::Refuse {
            return Err(Error::NotRunning(container.id.0));
        }
        if signal == SIGKILL {
            return self.end(&live, container.starts).await;
        }
        if signal == SIGTERM {
            live.set_told_to_end(container.starts);
        }
        if live
            .commands
            .tell(container.starts, Command::Signal { number: signal })
        {
            return Ok(());
        }
        Err(Error::Conflict(format!(
            "cannot send signal {signal} to container {}: its agent is not connected",
            container.id
        )))
    }
}
