//! A container's news as Events on its record and on its owner. `kubectl describe` shows them as long as the
//! API server keeps Events (an hour by default).

use std::borrow::Cow;

use engine::container::Record;
use engine::ports::News;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

/// The API server's limit for an Event's message.
const MESSAGE_BYTES: usize = 1024;
/// The sign for the part of a message that is left out.
const GAP: &str = " … ";
/// The maximum length of an object's name in the names of its Events, in bytes. With the appended time, the
/// name is still legal.
const OBJECT_BYTES: usize = 200;
/// The component that reports the Events.
const COMPONENT: &str = "chainpod";

/// Returns the Events of `news`: one on `record`, and one on the workload of its peer.
pub(crate) fn all(record: &Record, namespace: &str, news: &News) -> Vec<Event> {
    let record_object = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("ConfigMap".to_owned()),
        name: Some(record.name.0.clone()),
        namespace: Some(namespace.to_owned()),
        uid: Some(record.uid.clone()),
        ..ObjectReference::default()
    };
    let owner_object = record.container.owner.as_ref().map(|owner| ObjectReference {
        api_version: Some(owner.api_version.clone()),
        kind: Some(owner.kind.clone()),
        name: Some(owner.name.clone()),
        namespace: Some(namespace.to_owned()),
        uid: Some(owner.uid.clone()),
        ..ObjectReference::default()
    });
    let objects = [record_object].into_iter().chain(owner_object);
    objects.map(|object| build(object, news)).collect()
}

fn build(object: ObjectReference, news: &News) -> Event {
    let at = Time(news.at);
    Event {
        metadata: ObjectMeta {
            name: object.name.as_deref().map(|object| name(object, news)),
            namespace: object.namespace.clone(),
            ..ObjectMeta::default()
        },
        involved_object: object,
        reason: Some(news.reason.to_string()),
        message: Some(cut(&news.message).into_owned()),
        type_: Some(if news.is_warning { "Warning" } else { "Normal" }.to_owned()),
        source: Some(EventSource {
            component: Some(COMPONENT.to_owned()),
            host: None,
        }),
        first_timestamp: Some(at.clone()),
        last_timestamp: Some(at),
        count: Some(1),
        ..Event::default()
    }
}

/// Returns the name of the Event about `news` on that object, in client-go's form. The same news gives one
/// Event, no matter which replica reports it, or how often.
fn name(object: &str, news: &News) -> String {
    let object = &object[..object.floor_char_boundary(OBJECT_BYTES)];
    format!("{object}.{:x}", news.at.as_nanosecond())
}

/// Returns the message, without its middle if it is too long: its end has the remedy.
fn cut(message: &str) -> Cow<'_, str> {
    if message.len() <= MESSAGE_BYTES {
        return message.into();
    }
    let head = &message[..message.floor_char_boundary(MESSAGE_BYTES / 2)];
    let tail_bytes = MESSAGE_BYTES - head.len() - GAP.len();
    let tail = &message[message.ceil_char_boundary(message.len() - tail_bytes)..];
    format!("{head}{GAP}{tail}").into()
}

#[cfg(test)]
mod tests {
    use engine::container::Owner;

    use super::*;
    use crate::record::sample;

    #[test]
    fn the_same_news_are_the_same_event() {
        let news = |second| News {
            at: jiff::Timestamp::from_second(second).unwrap(),
            reason: "Exited".into(),
            message: String::new(),
            is_warning: false,
        };
        let names = |news: &News| {
            let events = all(&sample::chaincode(), "ns", news).into_iter();
            events
                .map(|event| event.metadata.name.unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&news(1)), names(&news(1)));
        assert_ne!(names(&news(1)), names(&news(2)));
    }

    #[test]
    fn events_are_on_the_record_and_its_owner_and_a_long_message_keeps_its_remedy() {
        let news = News {
            at: jiff::Timestamp::UNIX_EPOCH,
            reason: "DiedAtOnce".into(),
            message: format!("ü{}; raise the limit", "ü".repeat(MESSAGE_BYTES)),
            is_warning: true,
        };
        let mut record = sample::chaincode();
        record.container.owner = Some(Owner {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: "peer0".to_owned(),
            uid: "uid-9".to_owned(),
        });
        let [event, of_owner] = all(&record, "ns", &news).try_into().unwrap();
        let object = event.involved_object;
        assert_eq!(
            (object.name, object.uid, object.namespace.as_deref()),
            (Some(record.name.0), Some(record.uid), Some("ns"))
        );
        assert_eq!(
            (event.reason.as_deref(), event.type_.as_deref()),
            (Some("DiedAtOnce"), Some("Warning"))
        );
        let message = event.message.unwrap();
        assert!(message.len() <= MESSAGE_BYTES, "{} bytes", message.len());
        assert!(message.starts_with("üü"), "{message}");
        assert!(message.ends_with("ü; raise the limit"), "{message}");
        assert_eq!(of_owner.involved_object.uid.as_deref(), Some("uid-9"));
        assert_eq!(of_owner.metadata.name.as_deref(), Some("peer0.0"));
    }
}
