//! The calls of an agent: it fetches its inputs and commands, and delivers its outputs.

use std::sync::Arc;

use agent_protocol::Command;
use tokio::sync::mpsc;

use crate::engine::{Engine, Live};
use crate::error::{Error, Result};
use crate::failure::End;
use crate::launch::outputs;
use crate::life::Transition;
use crate::ports::{AgentId, Reader, StoreError};

impl Engine {
    /// Returns the `number`-th input of an agent and its size in bytes.
    ///
    /// # Errors
    /// Returns `NoSuchContainer` if the container is gone, `StartIsOver` if it has been started again, or
    /// `Invalid` if it has no input of that number.
    pub async fn input(&self, agent: &AgentId, number: usize) -> Result<(Reader, u64)> {
        let container = self.live_now(agent).await?.record().container;
        let digest = container
            .inputs()
            .nth(number)
            .ok_or_else(|| no_such("input", number))?;
        Ok(self.0.store.blob(digest).await?)
    }

    /// Keeps the `number`-th output of an agent, in place of one that it has sent before.
    ///
    /// # Errors
    /// Returns the errors of [`Engine::input`], or the store's error.
    pub async fn output(&self, agent: &AgentId, number: usize, tar: Reader) -> Result<()> {
        let live = self.live_now(agent).await?;
        let directory = outputs(live.record().container.role)
            .get(number)
            .copied()
            .ok_or_else(|| no_such("output", number))?;
        let kept = self.0.store.put_blob(tar).await.inspect_err(|error| {
            if let StoreError::Io(_) = error {
                live.set_ending(agent.start, End::OutputsLost(error.to_string()));
            }
        })?;
        let handed_over = Transition::HandedOver {
            start: agent.start,
            directory: directory.to_owned(),
            digest: kept.digest.clone(),
        };
        let former = live.record().container.outputs.get(directory).cloned();
        let noted = self.attempt(&live, &handed_over).await?;
        noted.map(drop).ok_or_else(|| over(agent, &live))?;
        if former.is_some_and(|former| former != kept.digest) {
            drop(kept);
            self.sweep().await;
        }
        Ok(())
    }

    /// Returns the commands for an agent, from now on. An earlier stream of the same start ends.
    ///
    /// # Errors
    /// Returns `NoSuchContainer` if the container is gone, or `StartIsOver` if it has been started again.
    pub async fn commands(&self, agent: &AgentId) -> Result<mpsc::Receiver<Command>> {
        let live = self.live_now(agent).await?;
        live.commands
            .connect(agent.start)
            .ok_or_else(|| over(agent, &live))
    }

    /// Returns the container whose current start an agent belongs to.
    async fn live_now(&self, agent: &AgentId) -> Result<Arc<Live>> {
        let live = self.live_of(agent).await?;
        let live = live.ok_or_else(|| Error::NoSuchContainer(agent.record.0.clone()))?;
        if live.record().container.starts != agent.start {
            // Another process may have started it since.
            self.refresh(&live).await?;
        }
        if live.record().container.starts == agent.start {
            Ok(live)
        } else {
            Err(over(agent, &live))
        }
    }
}

fn over(agent: &AgentId, live: &Live) -> Error {
    Error::StartIsOver {
        container: live.record().container.name,
        start: agent.start,
    }
}

fn no_such(what: &str, number: usize) -> Error {
    Error::Invalid(format!("the task has no {what} {number}"))
}
