//! Records that earlier versions have written are read, and written back as they were.

use engine::container::{Container, Role};
use engine::phase::Phase;

/// A container as chainpod 0.1.0 of November 2026 keeps it.
const EXITED: &str = include_str!("records/exited.json");
/// One that is being started, of the same version, with everything that the other one lacks.
const STARTING: &str = include_str!("records/starting.json");

#[test]
fn a_record_of_an_earlier_version_is_read_and_has_no_news_to_tell() {
    let container: Container = serde_json::from_str(EXITED).unwrap();
    assert_eq!((container.phase, container.starts), (Phase::Exited, 3));
    assert_eq!(container.last_lines.len(), 1);
    assert_eq!(container.untold, []);
    let written = serde_json::to_string_pretty(&container).unwrap();
    assert_eq!(written, EXITED.trim_end());
}

#[test]
fn a_record_with_every_field_of_the_version_before_this_one_is_read() {
    let container: Container = serde_json::from_str(STARTING).unwrap();
    assert_eq!((container.phase, container.role), (Phase::Starting, Role::Build));
    assert_eq!(container.untold.len(), 1);
    let written = serde_json::to_string_pretty(&container).unwrap();
    assert_eq!(written, STARTING.trim_end());
}
