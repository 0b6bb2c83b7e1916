//! Announcements of changes in containers: a log line, a metric, and a Kubernetes Event on the record. The
//! news of an end stays on the record until it is announced. If the process dies before that, the next
//! process announces it.

use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::{Engine, Live, SETTLING, span};
use crate::container::Record;
use crate::life::Transition;
use crate::phase::Phase;
use crate::ports::News;

/// Time for which news may stay on a record before another process announces it. Reading the last lines and
/// marking the news as announced takes a third of this time.
const UNTOLD_LIMIT: Duration = Duration::from_secs(30);

impl Engine {
    /// Announces the news of a container. Returns at once.
    pub(super) fn announce(&self, record: &Record, news: News) {
        self.0.settings.meter.told(record.container.role, &news);
        let (engine, record) = (self.clone(), record.clone());
        let telling = async move { engine.tell(&record, &news).await };
        tokio::spawn(telling.in_current_span());
    }

    /// Announces the news of the end of the `start`-th start, keeps the program's last lines if
    /// `keeps_last_lines`, and marks both on the record. Returns at once.
    pub(super) fn report_end(&self, live: &Arc<Live>, start: u32, news: News, keeps_last_lines: bool) {
        let record = live.record();
        self.0.settings.meter.told(record.container.role, &news);
        let (engine, live, open) = (
            self.clone(),
            Arc::clone(live),
            live.open(|open| &mut open.reports),
        );
        let reporting = async move {
            let _open = open;
            let lines = async {
                match keeps_last_lines {
                    true => engine.lines_to_keep(&live, start).await,
                    false => Vec::new(),
                }
            };
            let ((), last_lines) = tokio::join!(engine.tell(&record, &news), lines);
            let announced = Transition::Announced {
                start,
                news,
                last_lines,
            };
            engine.enact(&live, announced).await;
        };
        tokio::spawn(reporting.in_current_span());
    }

    /// Announces the news that a dead process left on the record, unless another process does so in time.
    pub(super) fn inherit_news(&self, live: &Arc<Live>) {
        if live.record().container.untold.is_empty() || !live.inherits.begin() {
            return;
        }
        let (engine, live) = (self.clone(), Arc::clone(live));
        let inheriting = async move {
            let told = live.until(|seen| {
                let is_told = seen.gone || seen.open.reports > 0 || seen.record.container.untold.is_empty();
                is_told.then_some(())
            });
            if tokio::time::timeout(UNTOLD_LIMIT, told).await.is_err() {
                let container = live.record().container;
                let has_ended = container.phase == Phase::Exited;
                for news in container.untold {
                    engine.report_end(&live, container.starts, news, has_ended);
                }
            }
            live.inherits.end();
        };
        tokio::spawn(inheriting.instrument(span()));
    }

    async fn tell(&self, record: &Record, news: &News) {
        let (record_name, reason) = (&record.name, &*news.reason);
        if news.is_warning {
            tracing::warn!(record = %record_name, reason, "{}", news.message);
        } else {
            tracing::info!(record = %record_name, reason, "{}", news.message);
            tokio::time::sleep(SETTLING).await;
        }
        if let Err(error) = self.0.cluster.tell(record, news).await {
            tracing::debug!(record = %record_name, reason, %error, "cannot create the event");
        }
    }
}
