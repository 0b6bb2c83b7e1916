//! The stream of commands to the agent of a container.

use std::sync::{Mutex, PoisonError};

use agent_protocol::Command;
use tokio::sync::mpsc;

/// The maximum number of commands that wait for one agent.
const COMMANDS_UNDER_WAY: usize = 32;

/// The stream to the agent of the newest start that has connected, with that start.
#[derive(Default)]
pub(super) struct Commands(Mutex<Option<(u32, mpsc::Sender<Command>)>>);

impl Commands {
    /// Opens the command stream of the agent of the `start`-th start. An earlier stream ends. Returns none if
    /// the agent of a later start has one.
    pub(super) fn connect(&self, start: u32) -> Option<mpsc::Receiver<Command>> {
        let mut agent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if agent.as_ref().is_some_and(|(known, _)| *known > start) {
            return None;
        }
        let (sender, receiver) = mpsc::channel(COMMANDS_UNDER_WAY);
        *agent = Some((start, sender));
        Some(receiver)
    }

    /// Sends a command to the agent of the `start`-th start. Returns false if that agent is not connected to
    /// this process.
    pub(super) fn tell(&self, start: u32, command: Command) -> bool {
        let agent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let agent = agent.as_ref().filter(|(known, _)| *known == start);
        agent.is_some_and(|(_, agent)| agent.try_send(command).is_ok())
    }
}
