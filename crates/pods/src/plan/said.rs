//! A field's value together with its origin.

use std::collections::BTreeMap;
use std::fmt;

/// The origin of a field's value. If several sources set a field, a rule overrides the client, the client
/// overrides the image, and each of them overrides chainpod's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The create request.
    Client,
    /// The Dockerfile from which the image was built.
    Image,
    /// The rule of that name.
    Rule(String),
    /// chainpod itself.
    Default,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Image => "image",
            Self::Rule(name) => name,
            Self::Default => "default",
        })
    }
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Said<T> {
    /// The value.
    pub(crate) value: T,
    /// Its origin.
    pub(crate) by: By,
}

/// Fields that are decided key by key.
pub(crate) type SaidMap<T> = BTreeMap<String, Said<T>>;

impl<T> Said<T> {
    pub(crate) const fn new(by: By, value: T) -> Self {
        Self { value, by }
    }

    pub(crate) const fn by_default(value: T) -> Self {
        Self::new(By::Default, value)
    }
}
