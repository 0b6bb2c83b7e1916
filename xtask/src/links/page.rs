//! The links and anchors of one Markdown page.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{BrokenLink, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

/// The address that stands for a reference without definition.
const UNDEFINED: &str = "";

/// One link or image.
pub(crate) struct Link {
    /// Its line, counted from 1.
    pub line: usize,
    /// The address, or the text of a reference that the page does not define.
    pub to: String,
    /// True if the page does not define the reference.
    pub undefined: bool,
}

/// One page.
#[derive(Default)]
pub(crate) struct Page {
    /// Links and images.
    pub links: Vec<Link>,
    /// Anchors of the headings, as GitHub makes them.
    pub anchors: BTreeSet<String>,
}

impl Page {
    /// Reads a page.
    pub(crate) fn read(markdown: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let undefined = |broken: BrokenLink<'_>| undefined(&broken);
        let options = Options::ENABLE_TABLES;
        let events =
            Parser::new_with_broken_link_callback(markdown, options, Some(undefined)).into_offset_iter();
        for (event, range) in events {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap_or_default());
                    let time = times.entry(anchor.clone()).or_default();
                    page.anchors.insert(match *time {
                        0 => anchor,
                        time => format!("{anchor}-{time}"),
                    });
                    *time += 1;
                }
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let defined = dest_url.as_ref() != UNDEFINED;
                    page.links.push(Link {
                        line: markdown[..range.start].matches('\n').count() + 1,
                        to: if defined { &dest_url } else { &markdown[range] }.to_owned(),
                        undefined: !defined,
                    });
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }
}

/// Makes `[text][reference]` and `[reference][]` a link where nothing defines them; `[text]` alone is text.
fn undefined<'a>(broken: &BrokenLink<'_>) -> Option<(CowStr<'a>, CowStr<'a>)> {
    match broken.link_type {
        LinkType::Reference | LinkType::Collapsed => Some((UNDEFINED.into(), UNDEFINED.into())),
        _ => None,
    }
}

/// Returns the anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_references_and_images_are_found_with_their_lines() {
        let page = Page::read("[a](b.md)\n![c](d.png)\n\n[e][f] [g][] [h]\n\n[f]: i.md\n\n`[no](no.md)`\n");
        let found: Vec<_> = page
            .links
            .iter()
            .map(|link| (link.line, link.to.as_str(), link.undefined))
            .collect();
        assert_eq!(
            found,
            [
                (1, "b.md", false),
                (2, "d.png", false),
                (4, "i.md", false),
                (4, "[g]", true)
            ]
        );
    }

    #[test]
    fn an_anchor_is_made_as_github_makes_it() {
        assert_eq!(
            anchor("What `serve` needs: RBAC, a/b & c_d"),
            "what-serve-needs-rbac-ab--c_d"
        );
    }
}
