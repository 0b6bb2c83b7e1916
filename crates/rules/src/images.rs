//! Images as rules name them, and the rules about them.

use engine::image::{PullPolicy, Ruled};
use image_name::{ImageName, InvalidName};
use serde::{Deserialize, Serialize};

use crate::{Glob, Globs, Origin, Rules};

/// One rule for images. A field that it does not set is left to other rules.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageRule {
    /// Patterns for full image names, as clients write them.
    #[serde(rename = "match")]
    pub matches: Globs,
    /// The name that is pulled instead. Each `*` stands for the text that the pattern's `*` matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<Glob>,
    /// The node's pull policy for these images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_policy: Option<PullPolicy>,
    /// The ENTRYPOINT of these images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
}

/// The reason why the rules do not allow an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The image is not in the list.
    #[error(
        "image {image} is not allowed: {full_name} (pulled as {pulled}) does not match allowedImages in chainpod's rules; add a pattern, or use another image"
    )]
    Unlisted {
        /// The name that the client gave.
        image: String,
        /// The full name.
        full_name: String,
        /// The name after rewriting.
        pulled: String,
    },
    /// The client's text is not an image name.
    #[error("image {image} is not allowed: {error}")]
    NoName {
        /// The text.
        image: String,
        /// Why.
        error: InvalidName,
    },
    /// A rule rewrites the name to a text that is not an image name.
    #[error("image {image} is not allowed: the rules rewrite it to {pulled}: {error}")]
    Rewritten {
        /// The name that the client gave.
        image: String,
        /// The name after rewriting.
        pulled: String,
        /// The reason why that is not a name.
        error: InvalidName,
    },
}

impl ImageRule {
    /// Returns the image that is pulled in place of the image with that full name, if this rule matches it
    /// and rewrites it.
    fn rewritten(&self, image: &str) -> Option<String> {
        let rewrite = self.rewrite.as_ref()?.as_str();
        let patterns = self.patterns().iter();
        let stars = patterns.filter_map(|pattern| pattern.captures(image)).next()?;
        let mut parts = rewrite.split('*');
        let first = parts.next().unwrap_or_default().to_owned();
        Some(
            parts
                .zip(stars)
                .fold(first, |text, (part, star)| text + star + part),
        )
    }

    fn patterns(&self) -> &[Glob] {
        match &self.matches {
            Globs::One(pattern) => std::slice::from_ref(pattern),
            Globs::Many(patterns) => patterns,
        }
    }

    /// Returns what is wrong with the rule apart from its form: a key and the reason.
    pub(crate) fn wrong(&self) -> Option<(&'static str, &'static str)> {
        let stars = |pattern: &Glob| pattern.as_str().matches('*').count();
        if self.matches.is_empty() {
            return Some(("match", "a pattern is expected; \"*\" matches every image"));
        }
        let rewrite = self.rewrite.as_ref()?;
        let fewest = self.patterns().iter().map(stars).min().unwrap_or_default();
        let has_too_many = stars(rewrite) > fewest;
        has_too_many.then_some(("rewrite", "it has more * than the pattern of match"))
    }
}

impl Rules {
    /// Returns the result of the rules for an image, in any spelling: each field has the value of the first
    /// rule that matches and sets the field.
    ///
    /// # Errors
    /// Returns `NotAllowed` if `allowedImages` matches neither the image's name nor its rewrite. Rewrites
    /// are the operator's own, so a match of either is enough. Returns the error of the name if the text, or
    /// its rewrite, is not an image name.
    pub fn image(&self, image: &str) -> Result<Ruled, NotAllowed> {
        let name = ImageName::parse(image).map_err(|error| NotAllowed::NoName {
            image: image.to_owned(),
            error,
        })?;
        let full_name = name.full();
        let about = || {
            self.images
                .iter()
                .filter(|rule| rule.matches.allow(Some(&full_name)))
        };
        let rewritten = about().find_map(|rule| rule.rewritten(&full_name));
        let pulled = rewritten.unwrap_or_else(|| image.to_owned());
        let full_pulled = ImageName::parse(&pulled).map_err(|error| NotAllowed::Rewritten {
            image: image.to_owned(),
            pulled: pulled.clone(),
            error,
        })?;
        let full_pulled = full_pulled.full();
        if let Some(allowed) = &self.allowed_images {
            let is_allowed = |name: &str| allowed.iter().any(|pattern| pattern.matches(name));
            if !is_allowed(&full_name) && !is_allowed(&full_pulled) {
                return Err(NotAllowed::Unlisted {
                    image: image.to_owned(),
                    full_name,
                    pulled: full_pulled,
                });
            }
        }
        Ok(Ruled {
            reference: pulled,
            pull_policy: about().find_map(|rule| rule.pull_policy),
            entrypoint: about().find_map(|rule| rule.entrypoint.clone()),
        })
    }

    /// Returns the rule that gave each field, by its place in the file; chainpod's own rules are `built-in`.
    #[must_use]
    pub fn image_origins(&self, image: &str) -> Vec<Origin> {
        let Ok(name) = ImageName::parse(image) else {
            return Vec::new();
        };
        let full_name = name.full();
        let operators = self.images.len() - Self::default().images.len();
        let about = |says: &dyn Fn(&ImageRule) -> Option<String>, field: &str| {
            let rules = self.images.iter().enumerate();
            let mut about = rules.filter(|(_, rule)| rule.matches.allow(Some(&full_name)));
            let (index, value) = about.find_map(|(index, rule)| Some((index, says(rule)?)))?;
            let rule = match index < operators {
                true => format!("images[{index}]"),
                false => "built-in".to_owned(),
            };
            let field = field.to_owned();
            Some(Origin { field, value, rule })
        };
        let entrypoint = |rule: &ImageRule| serde_json::to_string(rule.entrypoint.as_ref()?).ok();
        let policy = |rule: &ImageRule| Some(rule.pull_policy?.name().to_owned());
        [
            about(&|rule| rule.rewritten(&full_name), "image"),
            about(&policy, "imagePullPolicy"),
            about(&entrypoint, "entrypoint"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use engine::image::PullPolicy;

    use crate::Rules;

    #[test]
    fn each_field_of_an_image_has_its_rule() {
        let rules = Rules::parse(FILE).unwrap();
        let origins = rules.image_origins("hyperledger/fabric-ccenv");
        let rows = origins.iter();
        let rows: Vec<_> = rows
            .map(|row| (row.field.as_str(), row.value.as_str(), row.rule.as_str()))
            .collect();
        assert_eq!(
            rows[0],
            ("image", "docker.io/hyperledger/fabric-ccenv:2.5", "images[0]")
        );
        assert_eq!(rows.last().unwrap(), &("entrypoint", "[]", "built-in"));
    }

    const FILE: &str = r#"
images:
- match: "*/fabric-ccenv:latest"
  rewrite: "*/fabric-ccenv:2.5"
- match: ["docker.io/hyperledger/*", "ghcr.io/hyperledger/*"]
  rewrite: mirror.example/hyperledger/*
  pullPolicy: Always
- match: docker.io/library/tool:*
  entrypoint: [/tool, -v]
allowedImages: ["docker.io/hyperledger/*", "mirror.example/*", "docker.io/library/tool:*"]
"#;

    #[test]
    fn the_first_rule_that_says_anything_counts_for_each_field() {
        let rules = Rules::parse(FILE).unwrap();
        for (image, pulled, policy) in [
            (
                "hyperledger/fabric-ccenv",
                "docker.io/hyperledger/fabric-ccenv:2.5",
                Some(PullPolicy::Always),
            ),
            (
                "hyperledger/fabric-baseos:2.5",
                "mirror.example/hyperledger/fabric-baseos:2.5",
                Some(PullPolicy::Always),
            ),
            (
                "ghcr.io/hyperledger/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "mirror.example/hyperledger/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                Some(PullPolicy::Always),
            ),
            ("tool:1", "tool:1", None),
            ("mirror.example/other", "mirror.example/other", None),
        ] {
            let choice = rules.image(image).unwrap();
            assert_eq!(
                (choice.reference.as_str(), choice.pull_policy),
                (pulled, policy),
                "{image}"
            );
        }
    }

    #[test]
    fn fabrics_images_are_known_to_have_no_entrypoint_in_whatever_registry() {
        let rules = Rules::default();
        let of = |image: &str| rules.image(image).unwrap().entrypoint;
        for image in [
            "hyperledger/fabric-ccenv:2.5",
            "docker.io/hyperledger/other",
            "mirror.example:5000/a/fabric-baseos:2.5",
        ] {
            assert_eq!(of(image), Some(Vec::new()), "{image}");
        }
        assert_eq!(of("mirror.example/tool:1"), None);
        let rules = Rules::parse(FILE).unwrap();
        assert_eq!(
            rules.image("tool:1").unwrap().entrypoint.unwrap(),
            ["/tool", "-v"]
        );
    }

    #[test]
    fn what_neither_end_of_a_rewriting_allows_is_refused() {
        let rules = Rules::parse(FILE).unwrap();
        assert_eq!(
            rules.image("evil/fabric-ccenv").unwrap_err().to_string(),
            "image evil/fabric-ccenv is not allowed: docker.io/evil/fabric-ccenv:latest \
             (pulled as docker.io/evil/fabric-ccenv:2.5) does not match allowedImages in chainpod's rules; \
             add a pattern, or use another image"
        );
        assert!(
            rules.image("ghcr.io/hyperledger/fabric-ccenv:2.5").is_ok(),
            "the mirror is allowed"
        );
        assert!(Rules::default().image("evil/x").is_ok());
    }

    #[test]
    fn what_is_allowed_is_what_is_pulled() {
        let rules = Rules::parse("allowedImages: ['docker.io/*', 'mirror.example/a:1*']").unwrap();
        let digest = format!("sha256:{}", "ab".repeat(32));
        for (image, error) in [
            (
                "EVIL/hyperledger/fabric-baseos:2.5",
                "image EVIL/hyperledger/fabric-baseos:2.5 is not allowed: invalid reference format: \
                 repository name (EVIL/hyperledger/fabric-baseos) must be lowercase"
                    .to_owned(),
            ),
            (
                "DOCKER.IO/x",
                "image DOCKER.IO/x is not allowed: DOCKER.IO/x:latest (pulled as".to_owned(),
            ),
            (
                "a b",
                "image a b is not allowed: invalid reference format".to_owned(),
            ),
            // The digest decides which image is pulled, whatever the tag.
            (
                &format!("mirror.example/a:1@{digest}"),
                format!("is not allowed: mirror.example/a@{digest} (pulled as"),
            ),
        ] {
            let refused = rules.image(image).unwrap_err().to_string();
            assert!(refused.contains(&error), "{image}: {refused}");
        }
        for image in [
            "busybox",
            &format!("a:1@{digest}"),
            "mirror.example/a:1.2",
            "index.docker.io/x",
        ] {
            assert!(rules.image(image).is_ok(), "{image}");
        }
    }

    #[test]
    fn a_rewriting_that_gives_no_name_is_refused() {
        let text = "images: [{match: 'docker.io/*', rewrite: 'mirror.example//*'}]";
        let error = Rules::parse(text).unwrap().image("a:1").unwrap_err().to_string();
        assert_eq!(
            error,
            "image a:1 is not allowed: the rules rewrite it to mirror.example//library/a:1: invalid reference format"
        );
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_told_by_its_key() {
        let text = "images: [{rewrite: a}, {match: 'a/*', rewrite: '*/*'}, {match: '*', pullPolicy: Often}, {match: '*', pul: 1}]\n\
                    allowedImages: a";
        let wrong = Rules::parse(text).unwrap_err().0;
        let places = wrong.iter().map(|line| line.split(": ").next().unwrap());
        assert_eq!(
            places.collect::<Vec<_>>(),
            [
                "allowedImages",
                "images[0]",
                "images[1].rewrite",
                "images[2].pullPolicy",
                "images[3].pul"
            ],
            "{wrong:?}"
        );
    }
}
