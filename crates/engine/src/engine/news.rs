//! What has become of containers, told: a log line, and a Kubernetes Event on the
//! record.

use tracing::Instrument;

use super::Engine;
use crate::container::{Exit, Record};
use crate::failure::Cause;
use crate::ports::News;

impl Engine {
    /// Tells the news of a container. Nothing waits for that.
    pub(super) fn announce(&self, record: &Record, news: News) {
        let (engine, record) = (self.clone(), record.clone());
        let telling = async move {
            let (record_name, reason) = (&record.name, news.reason);
            if news.is_warning {
                tracing::warn!(record = %record_name, reason, "{}", news.message);
            } else {
                tracing::info!(record = %record_name, reason, "{}", news.message);
            }
            if let Err(error) = engine.0.cluster.tell(&record, &news).await {
                tracing::debug!(record = %record_name, reason, %error, "cannot make an event of it");
            }
        };
        tokio::spawn(telling.in_current_span());
    }
}

impl Cause {
    pub(super) const fn news(&self, sentence: String) -> News {
        News {
            reason: self.name(),
            message: sentence,
            is_warning: true,
        }
    }
}

impl News {
    /// The program of the current start runs.
    pub(super) fn started(record: &Record) -> Self {
        Self {
            reason: "Started",
            message: format!("pod {} runs", record.pod_name()),
            is_warning: false,
        }
    }

    /// The program of the current start has ended; a client may have `asked` for that.
    pub(super) fn exited(record: &Record, exit: &Exit, asked: bool) -> Self {
        let pod = record.pod_name();
        let why = match exit.error.as_str() {
            "" => String::new(),
            error => format!(": {error}"),
        };
        Self {
            reason: if exit.oom_killed { "OOMKilled" } else { "Exited" },
            message: format!("pod {pod} exited with {}{why}", exit.code),
            is_warning: exit.code != 0 && !asked,
        }
    }
}
