//! Stop: the agent asks the program to end. If the agent cannot be reached, the Pod is deleted. The call is answered
//! when the program has ended.

use std::time::Duration;

use agent_protocol::Command;

use super::terminate::{SIGTERM, ended};
use crate::container::Container;
use crate::engine::{Engine, Live};
use crate::error::Result;
use crate::phase::{Legality, Operation};

/// The result of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The program has ended by this call.
    Now,
    /// The program did not run.
    Already,
}

impl Engine {
    /// Ends a container's program with SIGTERM, and after `grace` with SIGKILL.
    ///
    /// # Errors
    /// Returns `NoSuchContainer`, or the API server's error. Answers after `grace` and 8 s at the latest, unless
    /// the API server is away.
    pub async fn stop(&self, reference: &str, grace: Duration) -> Result<Stopped> {
        let live = self.find(reference).await?;
        let Container { phase, starts, .. } = live.record().container;
        if Operation::Stop.in_phase(phase) == Legality::Nothing {
            return Ok(Stopped::Already);
        }
        live.set_told_to_end(starts);
        if !grace.is_zero()
            && self.ask_to_end(&live, grace).await?
            && tokio::time::timeout(grace, ended(&live, starts)).await.is_ok()
        {
            return Ok(Stopped::Now);
        }
        self.end(&live, starts).await?;
        Ok(Stopped::Now)
    }

    /// Asks the program to end. Returns false if its agent cannot be reached, or its Pod is gone.
    async fn ask_to_end(&self, live: &Live, grace: Duration) -> Result<bool> {
        let record = live.record();
        if record.container.needs_agent() {
            return Ok(live
                .commands
                .tell(record.container.starts, Command::Signal { number: SIGTERM }));
        }
        self.delete_pod(&record.pod_name(), grace).await
    }
}
