//! One launch, as chainpod's log tells it: what the time between a create and the
//! running program is spent on.

use jiff::Timestamp;
use serde_json::Value;

/// A line of the log that has to do with a launch.
struct Line {
    at: Timestamp,
    what: String,
    /// The duration of a call that was answered here, or 0 for an agent's message.
    seconds: f64,
}

/// The last launch in a log: when each call began and ended, and what the agent said; from the end of
/// the program before it, if there was one.
pub(super) fn of_last_launch(log: &str) -> String {
    let lines: Vec<Line> = log.lines().filter_map(line).collect();
    let is_create = |line: &Line| line.what.starts_with("POST /containers/create");
    let Some(create) = lines.iter().rposition(is_create) else {
        return "no launch is in the log".to_owned();
    };
    let is_end = |line: &Line| line.what.contains("Exited");
    let first = lines[..create].iter().rposition(is_end).unwrap_or(create);
    let begin = |line: &Line| line.at.duration_since(lines[first].at).as_secs_f64() - line.seconds;
    let zero = begin(&lines[first]);
    let mut told = String::from("one launch, in seconds since its begin:");
    for line in &lines[first..] {
        let (from, to) = (begin(line) - zero, begin(line) + line.seconds - zero);
        told += &match line.seconds {
            0.0 => format!("\n        {to:>7.3}  {}", line.what),
            _ => format!("\n{from:>7.3} {to:>7.3}  {}", line.what),
        };
    }
    told
}

/// Reads the calls and the agents' messages from a line of the log in JSON.
fn line(text: &str) -> Option<Line> {
    let line: Value = serde_json::from_str(text).ok()?;
    let at = line["timestamp"].as_str()?.parse().ok()?;
    let fields = &line["fields"];
    if let Some(said) = fields["said"].as_str() {
        return Some(Line {
            at,
            what: format!("the agent: {said}"),
            seconds: 0.0,
        });
    }
    let (method, path) = (fields["method"].as_str()?, fields["path"].as_str()?);
    Some(Line {
        at,
        what: format!("{method} {path}"),
        seconds: fields["seconds"].as_f64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_begins_with_the_last_create() {
        let answered = |at: &str, path: &str, seconds: f64| {
            format!(
                r#"{{"timestamp":"2026-11-01T00:00:{at}Z","fields":{{"method":"POST","path":"{path}","seconds":{seconds}}}}}"#
            )
        };
        let said = r#"{"timestamp":"2026-11-01T00:00:02.500Z","fields":{"said":"Started"}}"#;
        let log = [
            answered("01.000", "/containers/create", 0.1),
            answered("02.100", "/containers/create", 0.1),
            said.to_owned(),
            answered("02.600", "/containers/cc/start", 0.4),
        ];
        let told = of_last_launch(&log.join("\n"));
        let lines: Vec<_> = told.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "  0.000   0.100  POST /containers/create",
                "          0.500  the agent: Started",
                "  0.200   0.600  POST /containers/cc/start",
            ]
        );
    }
}
