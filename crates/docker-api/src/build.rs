//! The progress lines of a build.

use serde_json::json;

/// The first version of the API whose clients get the id from a line of its own.
const FIRST_AUX: u32 = 29;

/// One line of a build's answer.
#[must_use]
pub fn line(text: &str) -> String {
    format!("{}\r\n", json!({ "stream": text }))
}

/// Returns all lines of a finished build for a client that speaks `1.minor`, or gives no version: the
/// instructions, the image's id in full and short, and its names.
#[must_use]
pub fn lines(minor: Option<u32>, steps: &[String], (id, short_id): (&str, &str), tags: &[String]) -> String {
    let count = steps.len();
    let mut out = String::new();
    for (index, step) in steps.iter().enumerate() {
        out += &line(&format!("Step {}/{count} : {step}", index + 1));
        out += &line("\n");
        out += &line(&format!(" ---> {short_id}\n"));
    }
    if minor.is_none_or(|minor| minor >= FIRST_AUX) {
        out += &format!("{}\r\n", json!({ "aux": { "ID": id } }));
    }
    out += &line(&format!("Successfully built {short_id}\n"));
    for tag in tags {
        out += &line(&format!("Successfully tagged {tag}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_ends_as_docker_ends_it() {
        assert_eq!(
            super::line("Step 1/4 : FROM a"),
            "{\"stream\":\"Step 1/4 : FROM a\"}\r\n"
        );
    }
}
