//! A module as it is written: its place among the others, its imports, and the paths that it names.

use std::collections::{BTreeMap, BTreeSet};

/// A path as it is written: `crate::a::b`.
pub(super) type Path = Vec<String>;

/// A module, known by its index in a list of all modules of its crate. The first of the list is the crate itself.
#[derive(Default)]
pub(super) struct Module {
    /// The index of its file.
    pub(super) file: usize,
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    /// The names that a `use` brings into it, with their paths.
    pub(super) imports: BTreeMap<String, Path>,
    /// The paths of its private imports and of its code.
    pub(super) paths: BTreeSet<Path>,
    /// The paths of its public imports.
    pub(super) reexports: BTreeSet<Path>,
}

impl Module {
    /// Adds a child to a module of the list and returns its index.
    pub(super) fn add(modules: &mut Vec<Self>, parent: usize, name: &str, file: usize) -> usize {
        let index = modules.len();
        modules[parent].children.insert(name.to_owned(), index);
        modules.push(Self {
            file,
            parent: Some(parent),
            ..Self::default()
        });
        index
    }
}
