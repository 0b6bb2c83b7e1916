//! Shutdown: the first SIGTERM or SIGINT lets open builds and launches end, a second one does not.

use anyhow::{Result, bail};
use server::Drain;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a process politely.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches the signals. From now on they do not end the process by themselves.
    ///
    /// # Errors
    /// Returns the system's error.
    pub(crate) fn catch() -> Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns the next signal.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for a signal, and then for open builds and launches: [`Drain::LIMIT`] at most.
    ///
    /// # Errors
    /// Returns an error if a second signal arrives before that.
    pub(crate) async fn end(mut self, drain: &Drain) -> Result<()> {
        let first = self.next().await;
        let open = drain.open();
        tracing::info!(
            signal = first,
            open,
            "waiting for open builds and launches before the exit; chaincode keeps running"
        );
        tokio::select! {
            open = drain.drained() => {
                if open > 0 {
                    tracing::warn!(open, "builds or launches were cut off after {} s", Drain::LIMIT.as_secs());
                }
                tracing::info!("ended");
                Ok(())
            }
            second = self.next() => bail!("{second} after {first}: {} builds or launches were cut off", drain.open()),
        }
    }
}
