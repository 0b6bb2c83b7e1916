//! The languages of the lab's chaincode: the same functions in each.

use std::fmt;

use clap::ValueEnum;

use super::fabric::Lifecycle;

/// A language of chaincode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Go, vendored: it builds without a registry.
    #[default]
    Go,
    /// Node.js: npm fetches what it depends on.
    Node,
    /// Java: Maven fetches what it depends on.
    Java,
}

impl Language {
    /// Returns its name in the peer's command line.
    pub(super) const fn argument(self) -> &'static str {
        match self {
            Self::Go => "golang",
            Self::Node => "node",
            Self::Java => "java",
        }
    }

    /// The lab's chaincode in it, below `lab/`.
    pub(super) const fn sources(self, lifecycle: Lifecycle) -> &'static str {
        match (self, lifecycle) {
            (Self::Go, Lifecycle::Approved) => "chaincode/go",
            (Self::Go, Lifecycle::Legacy) => "chaincode/go-1.4",
            (Self::Node, _) => "chaincode/node",
            (Self::Java, _) => "chaincode/java",
        }
    }

    /// The Pod Security Standard that its Pods keep: Fabric's image for Java is root's alone.
    #[must_use]
    pub const fn standard(self) -> &'static str {
        match self {
            Self::Go | Self::Node => "restricted",
            Self::Java => "baseline",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        formatter.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}
