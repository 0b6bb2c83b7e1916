//! Records that earlier versions have written are read, and written back as they were.

use engine::container::Container;
use engine::phase::Phase;

/// A container as chainpod 0.1.0 of November 2026 keeps it.
const EXITED: &str = include_str!("records/exited.json");

#[test]
fn a_record_of_an_earlier_version_is_read_and_has_no_news_to_tell() {
    let container: Container = serde_json::from_str(EXITED).unwrap();
    assert_eq!((container.phase, container.starts), (Phase::Exited, 3));
    assert_eq!(container.last_lines.len(), 1);
    assert_eq!(container.untold, []);
    let written = serde_json::to_string_pretty(&container).unwrap();
    assert_eq!(written, EXITED.trim_end());
}
