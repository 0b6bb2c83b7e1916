//! What has become of containers, told: a log line, and a Kubernetes Event on the
//! record.

use tracing::Instrument;

use super::{Engine, SETTLING};
use crate::container::Record;
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
