//! The progress lines of a build.

use serde_json::json;

/// The first version of the API whose clients are told the id by itself.
const FIRST_AUX: u32 = 29;

/// One line of a build's answer.
#[must_use]
pub fn line(text: &str) -> String {
    format!("{}\r\n", json!({ "stream": text }))
}

/// All lines of a finished build, to a client that speaks `1.minor` or none in particular: its
/// instructions, the image's id whole and short, its names.
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
