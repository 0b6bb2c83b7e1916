//! The location of an image store as it is written: a directory, or a bucket of an S3-compatible service.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The prefix that marks a bucket.
const SCHEME: &str = "s3://";

/// The location of an image store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A directory of this machine.
    Directory(PathBuf),
    /// A bucket.
    Bucket {
        /// Its name.
        name: String,
        /// The prefix of all the store's keys, which may be empty.
        prefix: String,
    },
}

impl FromStr for Location {
    type Err = String;

    fn from_str(written: &str) -> Result<Self, String> {
        let written = written.trim();
        if written.is_empty() {
            return Err("it is empty".to_owned());
        }
        let Some(bucket) = written.strip_prefix(SCHEME) else {
            return Ok(Self::Directory(PathBuf::from(written)));
        };
        let (name, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let mut parts = prefix.split('/').filter(|_| !prefix.is_empty());
        let is_part = |part: &str| part.bytes().all(legal) && !["", ".", ".."].contains(&part);
        if name.is_empty() || !name.bytes().all(legal) || !parts.all(is_part) {
            return Err("a directory or s3://BUCKET/PREFIX is expected, with letters, digits, dashes, underscores and dots".to_owned());
        }
        Ok(Self::Bucket {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(out),
            Self::Bucket { name, prefix } if prefix.is_empty() => write!(out, "{SCHEME}{name}"),
            Self::Bucket { name, prefix } => write!(out, "{SCHEME}{name}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_directory_or_a_bucket_with_or_without_a_prefix() {
        for (written, shown) in [
            ("/var/lib/chainpod", "/var/lib/chainpod"),
            (" s3 ", "s3"),
            ("s3://images", "s3://images"),
            ("s3://images/", "s3://images"),
            ("s3://images/a/b/", "s3://images/a/b"),
        ] {
            let location: Location = written.parse().unwrap();
            assert_eq!(location.to_string(), shown);
            assert_eq!(
                matches!(location, Location::Bucket { .. }),
                shown.starts_with(SCHEME)
            );
        }
        for wrong in [
            "",
            "s3://",
            "s3:///a",
            "s3://a b",
            "s3://a/../b",
            "s3://a//b",
            "s3://a/b?c",
        ] {
            assert!(wrong.parse::<Location>().is_err(), "{wrong}");
        }
    }
}
