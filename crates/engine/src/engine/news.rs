//! What has become of containers, told: a log line, and a Kubernetes Event on the
//! record.

use jiff::Timestamp;
use tracing::Instrument;

use super::{Engine, SETTLING};
use crate::container::Record;
use crate::failure::{Cause, End};
use crate::ports::News;

impl Engine {
    /// Tells the news of a container. Nothing waits for that.
    pub(super) fn announce(&self, record: &Record, news: News) {
        self.0.settings.meter.told(record.container.role, &news);
        let (engine, record) = (self.clone(), record.clone());
        let telling = async move {
            let (record_name, reason) = (&record.name, news.reason);
            if news.is_warning {
                tracing::warn!(record = %record_name, reason, "{}", news.message);
            } else {
                tracing::info!(record = %record_name, reason, "{}", news.message);
                tokio::time::sleep(SETTLING).await;
            }
            if let Err(error) = engine.0.cluster.tell(&record, &news).await {
                tracing::debug!(record = %record_name, reason, %error, "cannot make an event of it");
            }
        };
        tokio::spawn(telling.in_current_span());
    }
}

impl Cause {
    pub(super) fn news(&self, sentence: String) -> News {
        News {
            at: Timestamp::now(),
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
            at: Timestamp::now(),
            reason: "Started",
            message: format!("pod {} runs", record.pod_name()),
            is_warning: false,
        }
    }

    /// The program of the current start has ended so; a client may have `asked` for that.
    pub(super) fn ended(record: &Record, end: &End, asked: bool) -> Self {
        let exit = record.container.exit.as_ref();
        let code = exit.map_or(0, |exit| exit.code);
        let sentence = exit.map(|exit| exit.error.clone()).unwrap_or_default();
        Self {
            at: Timestamp::now(),
            reason: end.name(),
            message: if sentence.is_empty() {
                format!("pod {} exited with {code}", record.pod_name())
            } else {
                sentence
            },
            is_warning: !asked && (code != 0 || *end != End::Itself),
        }
    }
}
