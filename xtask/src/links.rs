//! Follows the links of every Markdown file inside the repository, with their anchors, and the
//! paths of docs that other files name. Links to other hosts are checked for their form; nothing is fetched.

mod page;

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use regex::Regex;
use ureq::http::Uri;

use crate::tree::{self, File};
use page::{Link, Page};

/// Finds the path of a page or an example, with its anchor, in the text of a program or a configuration.
const MENTION: &str = r"\b(?:docs|examples)/[\w/.-]*\w(?:#[\w-]+)?";
/// Kinds of files in which such paths are looked for.
const MENTIONING: [&str; 4] = ["md", "rs", "toml", "yaml"];
/// Schemes of links to other hosts.
const SCHEMES: [&str; 2] = ["https", "http"];

/// The possible targets of links.
struct Targets {
    /// All files of the repository, sorted.
    paths: Vec<String>,
    pages: BTreeMap<String, Page>,
}

/// Checks all links.
///
/// # Errors
/// Returns an error that names every broken link, or the file that cannot be read.
pub(crate) fn check() -> Result<()> {
    let pages = tree::files(&["md"])?.into_iter();
    let targets = Targets {
        paths: tree::paths()?,
        pages: pages
            .map(|file| (file.path.clone(), Page::read(&file.text)))
            .collect(),
    };
    let mut faults = Vec::new();
    for (path, page) in &targets.pages {
        faults.extend(page.links.iter().filter_map(|link| {
            let why = targets.follow(path, link)?;
            Some(format!("{path}:{}: {}: {why}", link.line, link.to))
        }));
    }
    let mention = Regex::new(MENTION)?;
    for file in tree::files(&MENTIONING)? {
        faults.extend(targets.mentions(&file, &mention));
    }
    if faults.is_empty() {
        return Ok(());
    }
    bail!("broken links:\n{}", faults.join("\n"))
}

impl Targets {
    /// Returns the reason why a link of the page at `path` leads nowhere.
    fn follow(&self, path: &str, link: &Link) -> Option<String> {
        if link.undefined {
            return Some("the page does not define this reference".to_owned());
        }
        if let Some((scheme, _)) = link.to.split_once(':') {
            return match SCHEMES.contains(&scheme) {
                true => not_a_url(&link.to),
                false => Some(format!("links have the schemes {}", SCHEMES.join(" and "))),
            };
        }
        let (relative, anchor) = link.to.split_once('#').unwrap_or((&link.to, ""));
        let target = match relative {
            "" => path.to_owned(),
            relative => match resolve(path, relative) {
                Some(target) => target,
                None => return Some("this is outside the repository".to_owned()),
            },
        };
        self.find(&target, anchor)
    }

    /// Returns the reason why there is no such file or folder, or no such anchor in it.
    fn find(&self, target: &str, anchor: &str) -> Option<String> {
        let folder = format!("{target}/");
        let found = |path: &String| path == target || path.starts_with(&folder);
        if !target.is_empty() && !self.paths.iter().any(found) {
            return Some(format!("there is no {target}"));
        }
        if anchor.is_empty() {
            return None;
        }
        match self.pages.get(target) {
            Some(page) if page.anchors.contains(anchor) => None,
            Some(_) => Some(format!("{target} has no heading #{anchor}")),
            None => Some(format!("{target} is not a page with headings")),
        }
    }

    /// Returns the faults of the pages and examples that a file names and that are not there.
    fn mentions(&self, file: &File, mention: &Regex) -> Vec<String> {
        let mut faults = Vec::new();
        for (number, line) in file.text.lines().take(file.production_lines()).enumerate() {
            for found in mention.find_iter(line).map(|found| found.as_str()) {
                let (target, anchor) = found.split_once('#').unwrap_or((found, ""));
                // `docs/adr/0001` is short for the only file that begins so.
                let begun = format!("{target}-");
                let short = anchor.is_empty() && self.paths.iter().any(|path| path.starts_with(&begun));
                let why = self.find(target, anchor).filter(|_| !short);
                faults.extend(why.map(|why| format!("{}:{}: {found}: {why}", file.path, number + 1)));
            }
        }
        faults
    }
}

fn not_a_url(text: &str) -> Option<String> {
    match text.parse::<Uri>() {
        Ok(uri) if uri.host().is_some_and(|host| !host.is_empty()) => None,
        Ok(_) => Some("this has no host".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

/// Returns the path from the root that a link of the file at `from` means.
fn resolve(from: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<_> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets() -> Targets {
        let page = |text| Page::read(text);
        Targets {
            paths: ["README.md", "docs/a.md", "docs/adr/0001-why.md", "lab/x.rs"]
                .map(str::to_owned)
                .to_vec(),
            pages: [
                ("README.md", page("# One")),
                ("docs/a.md", page("# Two `words`\n\n# Two words")),
            ]
            .map(|(path, page)| (path.to_owned(), page))
            .into(),
        }
    }

    #[test]
    fn links_that_lead_somewhere_and_links_that_do_not() {
        for (from, to, good) in [
            ("README.md", "docs/a.md", true),
            ("README.md", "docs", true),
            ("README.md", "#one", true),
            ("docs/a.md", "../README.md#one", true),
            ("docs/a.md", "../lab/x.rs", true),
            ("README.md", "docs/a.md#two-words-1", true),
            ("README.md", "https://example.com/x?y#z", true),
            ("README.md", "docs/b.md", false),
            ("README.md", "docs/a.md#two-words-2", false),
            ("README.md", "#two", false),
            ("docs/a.md", "README.md", false),
            ("docs/a.md", "../../README.md", false),
            ("README.md", "lab/x.rs#l1", false),
            ("README.md", "https://", false),
            ("README.md", "https://exa mple.com", false),
            ("README.md", "ftp://example.com", false),
        ] {
            let link = Link {
                line: 1,
                to: to.to_owned(),
                undefined: false,
            };
            assert_eq!(targets().follow(from, &link).is_none(), good, "{from}: {to}");
        }
    }

    #[test]
    fn paths_that_programs_name_are_followed() {
        let file = |text: &str| File {
            path: "a.rs".to_owned(),
            text: text.to_owned(),
        };
        let mention = Regex::new(MENTION).unwrap();
        let text = "see docs/a.md#two-words, docs/adr/0001, docs/a.md.\n";
        assert_eq!(targets().mentions(&file(text), &mention), Vec::<String>::new());
        let faults = targets().mentions(&file("\n// docs/gone.md"), &mention);
        assert_eq!(faults, ["a.rs:2: docs/gone.md: there is no docs/gone.md"]);
    }
}
