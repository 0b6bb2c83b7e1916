//! Patterns: `*` stands for any text, also an empty one. Every other character stands for itself.

use serde::{Deserialize, Serialize};

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Glob(String);

/// One pattern, or several of which one must match. An empty list is no condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "a pattern or a list of patterns is expected")]
pub enum Globs {
    /// One pattern.
    One(Glob),
    /// Several patterns.
    Many(Vec<Glob>),
}

impl Glob {
    /// Returns true if `text` matches this pattern.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.captures(text).is_some()
    }

    /// Returns the text that each `*` stands for, the first ones as short as possible, or `None` if `text`
    /// does not match.
    #[must_use]
    pub fn captures<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        captures(&self.0, text)
    }

    /// Returns the pattern as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn captures<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let Some((before, after)) = pattern.split_once('*') else {
        return (pattern == text).then(Vec::new);
    };
    let text = text.strip_prefix(before)?;
    if after.is_empty() {
        return Some(vec![text]);
    }
    // A star takes as little as possible so that the rest can match: with several stars, that is the first
    // occurrence of the text after each.
    let ends = text.char_indices().map(|(end, _)| end).chain([text.len()]);
    for end in ends {
        if let Some(mut rest) = captures(after, &text[end..]) {
            rest.insert(0, &text[..end]);
            return Some(rest);
        }
    }
    None
}

impl Globs {
    /// Returns true if there are no patterns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Many(all) if all.is_empty())
    }

    /// Returns these patterns in lower case.
    #[must_use]
    pub(crate) fn to_lowercase(&self) -> Self {
        let lower = |glob: &Glob| Glob(glob.0.to_lowercase());
        match self {
            Self::One(glob) => Self::One(lower(glob)),
            Self::Many(all) => Self::Many(all.iter().map(lower).collect()),
        }
    }

    /// Returns true if `text` matches one of these patterns, or if there are none. An absent text matches no
    /// pattern.
    #[must_use]
    pub fn allow(&self, text: Option<&str>) -> bool {
        let any = |all: &[Glob]| text.is_some_and(|text| all.iter().any(|glob| glob.matches(text)));
        match self {
            Self::One(glob) => any(std::slice::from_ref(glob)),
            Self::Many(all) => all.is_empty() || any(all),
        }
    }
}

impl Default for Globs {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl From<&str> for Glob {
    fn from(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text, expected) in [
            ("a/*", "a/b/c", Some(vec!["b/c"])),
            (
                "*/fabric-*:*",
                "docker.io/h/fabric-ccenv:2.5",
                Some(vec!["docker.io/h", "ccenv", "2.5"]),
            ),
            ("*", "", Some(vec![""])),
            ("a", "a", Some(vec![])),
            ("a*b*b", "abb", Some(vec!["", ""])),
            ("a", "ab", None),
            ("a*b", "ac", None),
            ("*ü", "üü", Some(vec!["ü"])),
        ] {
            assert_eq!(Glob::from(pattern).captures(text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn any_of_several_is_enough_and_none_is_no_condition() {
        let several = Globs::Many(vec!["a*".into(), "b".into()]);
        assert!(several.allow(Some("b")) && several.allow(Some("ax")) && !several.allow(Some("c")));
        assert!(!several.allow(None));
        assert!(Globs::default().allow(None));
    }
}
