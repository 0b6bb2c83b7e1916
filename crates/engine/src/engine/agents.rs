//! What an agent asks for: its inputs, its commands, a place for its outputs.

use agent_protocol::Command;
use tokio::sync::mpsc;

use super::Engine;
use crate::error::{Error, Result};
use crate::failure::End;
use crate::life::Transition;
use crate::ports::{AgentId, Reader, StoreError};
use crate::process::outputs;

impl Engine {
    /// The `number`-th input of an agent and its size in bytes.
    ///
    /// # Errors
    /// `NoSuchContainer` when the container is gone; `Invalid` for a number that it does not have.
    pub async fn input(&self, agent: &AgentId, number: usize) -> Result<(Reader, u64)> {
        let container = self.container_of(agent).await?;
        let digest = container
            .inputs()
            .nth(number)
            .ok_or_else(|| no_such("input", number))?;
        Ok(self.0.store.blob(digest).await?)
    }

    /// Keeps the `number`-th output of an agent.
    ///
    /// # Errors
    /// As [`Engine::input`], and the store's.
    pub async fn output(&self, agent: &AgentId, number: usize, tar: Reader) -> Result<()> {
        let container = self.container_of(agent).await?;
        let directory = outputs(container.role)
            .get(number)
            .copied()
            .ok_or_else(|| no_such("output", number))?;
        let live = self.live_of(agent).await.ok_or_else(|| gone(agent))?;
        let kept = self.0.store.put_blob(tar).await.inspect_err(|error| {
            if let StoreError::Io(_) = error {
                live.set_ending(agent.start, End::OutputsLost(error.to_string()));
            }
        })?;
        let handed_over = Transition::HandedOver {
            directory: directory.to_owned(),
            digest: kept.digest.clone(),
        };
        self.attempt(&live, &handed_over).await?;
        Ok(())
    }

    /// The commands for an agent, from now on; a former stream of the same container ends.
    ///
    /// # Errors
    /// `NoSuchContainer` when the container is gone.
    pub async fn commands(&self, agent: &AgentId) -> Result<mpsc::Receiver<Command>> {
        let live = self.live_of(agent).await.ok_or_else(|| gone(agent))?;
        Ok(live.connect_agent())
    }

    async fn container_of(&self, agent: &AgentId) -> Result<crate::container::Container> {
        let live = self.live_of(agent).await.ok_or_else(|| gone(agent))?;
        Ok(live.record().container)
    }
}

fn gone(agent: &AgentId) -> Error {
    Error::NoSuchContainer(agent.record.0.clone())
}

fn no_such(what: &str, number: usize) -> Error {
    Error::Invalid(format!("the task has no {what} {number}"))
}
