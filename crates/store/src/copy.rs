//! The arguments of ADD and COPY.

use std::path::Path;

use engine::ports::StoreError;
use parse_dockerfile::{Flag, Source, UnescapedString};

use crate::build::unsupported;
use crate::limits::relative;
use crate::words::{Variables, one};

/// An ADD or COPY.
pub(crate) struct Copy {
    keyword: &'static str,
    /// ADD unpacks archives.
    pub(crate) unpacks: bool,
    /// Paths in the context.
    pub(crate) sources: Vec<String>,
    destination: String,
}

/// Where it goes.
pub(crate) struct Target {
    /// Absolute, without a slash at its end.
    pub(crate) path: String,
    /// Whether a single file goes into it rather than becomes it.
    pub(crate) is_directory: bool,
}

impl Copy {
    pub(crate) fn new(
        keyword: &'static str,
        options: &[Flag<'_>],
        sources: &[Source<'_>],
        destination: &UnescapedString<'_>,
        variables: &Variables,
    ) -> Result<Self, StoreError> {
        if let Some(option) = options.first() {
            let what = format!("{keyword} --{}", option.name.value);
            return Err(unsupported(
                &what,
                "leave the option away or build the image elsewhere",
            ));
        }
        let word = |text: &UnescapedString<'_>| one(&text.value, variables).map_err(StoreError::Invalid);
        let mut paths = Vec::new();
        for source in sources {
            let Source::Path(path) = source else {
                return Err(unsupported(
                    "a here-document",
                    "put the file into the build context",
                ));
            };
            let path = word(path)?;
            if path.contains("://") || path.contains(['*', '?', '[']) {
                let what = format!("{keyword} {path}");
                return Err(unsupported(
                    &what,
                    "name files of the build context, each by its path",
                ));
            }
            paths.push(path);
        }
        Ok(Self {
            keyword,
            unpacks: keyword == "ADD",
            sources: paths,
            destination: word(destination)?,
        })
    }

    /// Where it goes, from that working directory.
    pub(crate) fn target(&self, working_dir: &str) -> Result<Target, StoreError> {
        let path = absolute(working_dir, &self.destination)?;
        let named_directory = self.destination.ends_with('/')
            || self.destination == "."
            || self.destination.ends_with("/.")
            || path == "/"
            || path == working_dir;
        if self.sources.len() > 1 && !named_directory {
            return Err(StoreError::Invalid(format!(
                "When using {} with more than one source file, the destination must be a directory and end with a /",
                self.keyword
            )));
        }
        Ok(Target {
            path,
            is_directory: named_directory,
        })
    }

    /// Docker's text for a source that is not there.
    pub(crate) fn not_found(&self, source: &str) -> StoreError {
        StoreError::Invalid(format!(
            "{} failed: file not found in build context or excluded by .dockerignore: stat {source}: file does not exist",
            self.keyword
        ))
    }
}

/// A path of the image, from that working directory; without a slash at its end.
pub(crate) fn absolute(working_dir: &str, path: &str) -> Result<String, StoreError> {
    let joined = Path::new("/").join(working_dir).join(path);
    Ok(format!("/{}", relative(&joined)?.display()))
}
