//! The Docker calls that chainpod has answered, read from its log.

use serde_json::Value;

/// In the order of their answers: `POST /containers/create → 201 (0.02 s)`.
pub(super) fn of(log: &str) -> Vec<String> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter_map(|line| {
            let fields = &line["fields"];
            let (method, path) = (fields["method"].as_str()?, fields["path"].as_str()?);
            let seconds = fields["seconds"].as_f64()?;
            Some(format!(
                "{method} {} → {} ({seconds:.2} s)",
                short(path),
                fields["status"]
            ))
        })
        .collect()
}

/// The path with its long hashes cut short, as Docker does with ids.
fn short(path: &str) -> String {
    let is_hash = |part: &str| part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut text = String::new();
    for part in path.split_inclusive(['/', '-']) {
        let bare = part.trim_end_matches(['/', '-']);
        if is_hash(bare) {
            text += &bare[..12];
            text += "…";
            text += &part[bare.len()..];
        } else {
            text += part;
        }
    }
    text
}
