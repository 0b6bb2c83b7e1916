//! Detects that the kernel killed the program for its memory, which the agent's cgroup counts.

use std::fs;

/// The files of a container's own cgroup: version 2, then version 1.
const COUNTERS: [&str; 2] = [
    "/sys/fs/cgroup/memory.events",
    "/sys/fs/cgroup/memory/memory.oom_control",
];
/// The counter's key, in both versions.
const KEY: &str = "oom_kill ";

/// Returns the number of kills in our cgroup, or none if it cannot be read.
pub(crate) fn kills() -> Option<u64> {
    COUNTERS
        .iter()
        .find_map(|path| fs::read_to_string(path).ok())
        .and_then(|text| parse(&text))
}

/// Returns true if there were more kills since `before`.
pub(crate) fn killed_since(before: Option<u64>) -> bool {
    before.zip(kills()).is_some_and(|(before, now)| now > before)
}

fn parse(text: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(KEY))
        .and_then(|count| count.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_the_counter_are_read() {
        assert_eq!(
            parse("low 0\nmax 9\noom 3\noom_kill 2\noom_group_kill 7\n"),
            Some(2)
        );
        assert_eq!(parse("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"), Some(4));
        assert_eq!(parse("oom_kill_disable 0\nunder_oom 0\n"), None);
    }
}
