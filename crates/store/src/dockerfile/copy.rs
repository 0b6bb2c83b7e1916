//! The arguments of ADD and COPY.

use std::path::Path;

use engine::ports::StoreError;

use super::instruction::Paths;
use super::unsupported;
use super::words::{Variables, one};
use crate::limits::{PATH, relative, start};

/// An ADD or COPY.
pub(crate) struct Copy {
    keyword: &'static str,
    /// True for ADD, which unpacks archives.
    pub(crate) unpacks: bool,
    /// Paths in the context.
    pub(crate) sources: Vec<String>,
    pub(crate) target: Target,
}

/// The destination of an ADD or COPY.
pub(crate) struct Target {
    /// The absolute path, without a slash at its end.
    pub(crate) path: String,
    /// True if a single file goes into the path rather than becomes it.
    pub(crate) is_directory: bool,
}

impl Copy {
    pub(crate) fn new(
        paths: &Paths,
        variables: &mut Variables,
        working_dir: &str,
    ) -> Result<Self, StoreError> {
        let keyword = paths.keyword;
        if let Some(option) = &paths.option {
            return Err(unsupported(
                &format!("{keyword} --{option}"),
                "leave the option out, or build the image elsewhere and name it in FROM",
            ));
        }
        let mut word = |text: &str| {
            let word = one(text, variables);
            word.map_err(|text| StoreError::Invalid(format!("{keyword}: {text}")))
        };
        let mut sources = Vec::new();
        for source in &paths.sources {
            let Some(source) = source else {
                return Err(unsupported(
                    "a here-document",
                    "put the file into the build context",
                ));
            };
            let source = word(source)?;
            if source.contains("://") || source.contains(['*', '?', '[']) {
                return Err(unsupported(
                    &format!("{keyword} {source}"),
                    "name files of the build context, each by its path",
                ));
            }
            sources.push(source);
        }
        Ok(Self {
            keyword,
            unpacks: keyword == "ADD",
            target: target(keyword, &word(&paths.destination)?, sources.len(), working_dir)?,
            sources,
        })
    }

    /// Returns Docker's text for a source that is not there.
    pub(crate) fn not_found(&self, source: &str) -> StoreError {
        StoreError::Invalid(format!(
            "{} failed: file not found in build context or excluded by .dockerignore: stat {source}: file does not exist",
            self.keyword
        ))
    }
}

/// Returns the destination of that many sources, relative to that working directory.
fn target(keyword: &str, destination: &str, sources: usize, working_dir: &str) -> Result<Target, StoreError> {
    let path = absolute(working_dir, destination)?;
    let is_directory = destination.ends_with('/')
        || destination == "."
        || destination.ends_with("/.")
        || path == "/"
        || path == working_dir;
    if sources > 1 && !is_directory {
        return Err(StoreError::Invalid(format!(
            "When using {keyword} with more than one source file, the destination must be a directory and end with a /"
        )));
    }
    Ok(Target { path, is_directory })
}

/// Returns a path of the image, relative to that working directory, without a slash at its end.
pub(crate) fn absolute(working_dir: &str, path: &str) -> Result<String, StoreError> {
    let joined = Path::new("/").join(working_dir).join(path);
    if joined.as_os_str().len() as u64 > PATH.most {
        return Err(StoreError::Invalid(format!(
            "a path of more than {PATH}: {}",
            start(&joined)
        )));
    }
    Ok(format!("/{}", relative(&joined)?.display()))
}
