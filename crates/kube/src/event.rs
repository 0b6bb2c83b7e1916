//! What has become of a container, as an Event on its record: `kubectl describe`
//! shows it, for as long as the API server keeps events (an hour by default).

use engine::container::Record;
use engine::ports::News;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

/// The API server's limit for a message.
const MESSAGE_BYTES: usize = 1024;
/// Who tells it.
const COMPONENT: &str = "chainpod";

/// The Event of `news` on `record`.
pub(crate) fn build(record: &Record, namespace: &str, news: &News) -> Event {
    let now = Time(Timestamp::now());
    Event {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}.", record.name)),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some("v1".to_owned()),
            kind: Some("ConfigMap".to_owned()),
            name: Some(record.name.0.clone()),
            namespace: Some(namespace.to_owned()),
            uid: Some(record.uid.clone()),
            ..ObjectReference::default()
        },
        reason: Some(news.reason.to_owned()),
        message: Some(cut(&news.message).to_owned()),
        type_: Some(if news.is_warning { "Warning" } else { "Normal" }.to_owned()),
        source: Some(EventSource {
            component: Some(COMPONENT.to_owned()),
            host: None,
        }),
        first_timestamp: Some(now.clone()),
        last_timestamp: Some(now),
        count: Some(1),
        ..Event::default()
    }
}

fn cut(message: &str) -> &str {
    &message[..message.floor_char_boundary(MESSAGE_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    #[test]
    fn an_event_is_on_its_record_and_a_long_message_is_cut() {
        let news = News {
            reason: "DiedAtOnce",
            message: "ü".repeat(MESSAGE_BYTES),
            is_warning: true,
        };
        let record = sample::chaincode();
        let event = build(&record, "ns", &news);
        let object = event.involved_object;
        assert_eq!(
            (object.name, object.uid, object.namespace.as_deref()),
            (Some(record.name.0), Some(record.uid), Some("ns"))
        );
        assert_eq!(
            (event.reason.as_deref(), event.type_.as_deref()),
            (Some("DiedAtOnce"), Some("Warning"))
        );
        assert_eq!(event.message.unwrap(), "ü".repeat(MESSAGE_BYTES / 2));
    }
}
