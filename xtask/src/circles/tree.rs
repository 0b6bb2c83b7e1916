//! All modules of a library or a program, and which of its files need which others.
//!
//! A file needs another when it names something that the other defines: by a `use`, or by a path in its code.
//! Imports of imports are followed to the definition. Three things do not count:
//!
//! - `mod name;`, because a declaration needs nothing of what is in the file.
//! - Names that a module takes from a module around it (`super::NODE`), because it is a part of that module,
//!   like a function of the same file: it sees the private names too. To keep circles from hiding behind this, a path into
//!   a module from outside counts for each module that it enters: `crate::cluster::node::Node` needs `cluster.rs`
//!   and `cluster/node.rs`.
//! - `pub use` of a name from inside the module, because it only gives the name a second address. Users of the name
//!   need the file that defines it, and the module itself needs it when its own code names it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::module::Module;
use super::syntax;

/// The number of imports of imports that are followed. An import of itself, which names another crate, has no
/// end.
const STEPS_MAX: usize = 16;

/// Pairs of files of which the first needs the second, by their indices, with the names that it needs.
pub(super) type Needs = BTreeMap<(usize, usize), BTreeSet<String>>;

/// The modules of a library or a program.
pub(super) struct Tree {
    pub(super) files: Vec<PathBuf>,
    modules: Vec<Module>,
}

/// The target of a path.
#[derive(Clone, Copy)]
enum Place<'a> {
    Module(usize),
    /// Something of that name, which this module defines.
    Item(usize, &'a str),
}

impl Tree {
    /// Reads `root`, a `lib.rs` or `main.rs`, and the files of its modules.
    ///
    /// # Errors
    /// Returns an error if a file is missing, or is not Rust.
    pub(super) fn read(root: PathBuf) -> Result<Self> {
        let folder = root.parent().context("a file without a folder")?.to_owned();
        let mut modules = vec![Module::default()];
        let mut declared = syntax::read(&root, folder, 0, &mut modules)?;
        let mut files = vec![root];
        while let Some(module) = declared.pop() {
            let folder = module.folder.join(&module.name);
            let candidates = [folder.with_extension("rs"), folder.join("mod.rs")];
            let file = candidates.into_iter().find(|file| file.exists());
            let file = file.with_context(|| format!("module {} has no file", folder.display()))?;
            let index = Module::add(&mut modules, module.parent, &module.name, files.len());
            declared.extend(syntax::read(&file, folder, index, &mut modules)?);
            files.push(file);
        }
        Ok(Self { files, modules })
    }

    /// Returns which file needs which.
    pub(super) fn needs(&self) -> Needs {
        let mut needs = Needs::new();
        for (index, module) in self.modules.iter().enumerate() {
            let from_inside = |definer| self.around(definer).any(|outer| outer == index);
            let needed = module.paths.iter().flat_map(|path| self.entered(index, path));
            let handed_on = module.reexports.iter().flat_map(|path| self.entered(index, path));
            for (definer, name) in needed.chain(handed_on.filter(|(definer, _)| !from_inside(*definer))) {
                let files = (module.file, self.modules[definer].file);
                if files.0 != files.1 {
                    needs.entry(files).or_default().insert(name.to_owned());
                }
            }
        }
        needs
    }

    /// Returns the module that defines what a path of another leads to, and the modules around it, up to the first that
    /// both are in; each with the item's name.
    fn entered<'a>(&'a self, from: usize, path: &'a [String]) -> impl Iterator<Item = (usize, &'a str)> {
        let item = match self.place(from, path, STEPS_MAX) {
            Some(Place::Item(module, name)) => Some((module, name)),
            _ => None,
        };
        let modules = item
            .into_iter()
            .flat_map(|(module, name)| self.around(module).map(move |module| (module, name)));
        modules.take_while(move |(module, _)| self.around(from).all(|outer| outer != *module))
    }

    /// Returns a module and the modules around it, from the inside out.
    fn around(&self, module: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(module), |module| self.modules[*module].parent)
    }

    /// Returns what a path leads to, unless that is of another crate or of the module itself.
    fn place<'a>(&'a self, from: usize, path: &'a [String], steps: usize) -> Option<Place<'a>> {
        let (first, rest) = path.split_first()?;
        let first = match first.as_str() {
            "crate" => Place::Module(0),
            "self" => Place::Module(from),
            "super" => Place::Module(self.modules[from].parent?),
            name => self.child_or_import(from, name, steps)?,
        };
        rest.iter().try_fold(first, |place, name| match place {
            Place::Item(..) => Some(place),
            Place::Module(module) if name == "super" => self.modules[module].parent.map(Place::Module),
            Place::Module(module) => {
                let known = self.child_or_import(module, name, steps);
                Some(known.unwrap_or(Place::Item(module, name)))
            }
        })
    }

    fn child_or_import<'a>(&'a self, module: usize, name: &str, steps: usize) -> Option<Place<'a>> {
        let Module {
            children, imports, ..
        } = &self.modules[module];
        match children.get(name) {
            Some(child) => Some(Place::Module(*child)),
            None => self.place(module, imports.get(name)?, steps.checked_sub(1)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Returns `file → file: names` for each pair of these files of which one needs the other.
    fn needs(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let tree = Tree::read(folder.path().join(files[0].0)).unwrap();
        let shown = |file: usize| tree.files[file].strip_prefix(folder.path()).unwrap().display();
        let line = |((from, to), names): ((usize, usize), BTreeSet<String>)| {
            let names: Vec<_> = names.into_iter().collect();
            format!("{} → {}: {}", shown(from), shown(to), names.join(", "))
        };
        let mut lines: Vec<_> = tree.needs().into_iter().map(line).collect();
        lines.sort();
        lines
    }

    #[test]
    fn a_file_needs_what_its_imports_and_its_code_name() {
        let files = [
            (
                "lib.rs",
                "mod a; mod b; mod c; mod d; fn f() { ::a::x(); assert!(::a::X); assert!(<u8>::a::X) }",
            ),
            (
                "a.rs",
                "use crate::b::{self, B as Other}; fn f() { b::g(); Other::new(); }",
            ),
            (
                "b.rs",
                "pub struct B; pub fn g() { println!(\"{}\", crate::c::X); }",
            ),
            (
                "c.rs",
                "pub const X: u8 = 1; fn f(_: super::d::D) { use super::d::h; h() }",
            ),
            (
                "d.rs",
                "#[derive(Debug)] #[arg(value_parser = super::a::parse)] pub struct D; fn h() { ::a::x() }",
            ),
        ];
        let expected = [
            "a.rs → b.rs: B, g",
            "b.rs → c.rs: X",
            "c.rs → d.rs: D, h",
            "d.rs → a.rs: parse",
        ];
        assert_eq!(needs(&files), expected);
    }

    #[test]
    fn declarations_tests_reexports_and_what_is_around_a_module_do_not_count() {
        let files = [
            ("lib.rs", "mod a; pub use self::a::c::C; pub struct L;"),
            (
                "a.rs",
                "mod b; pub mod c; pub(super) use self::b::B; pub const A: u8 = 1; #[cfg(test)] mod tests;",
            ),
            (
                "a/b.rs",
                "use super::A; use crate::L; #[cfg(doc)] use super::c::C; pub struct B;",
            ),
            (
                "a/c.rs",
                "pub struct C; #[cfg(test)] mod tests { use crate::a::b::B; } pub(in crate::a) fn f() {}",
            ),
        ];
        assert_eq!(needs(&files), Vec::<String>::new());
    }

    #[test]
    fn a_reexport_leads_to_the_file_that_defines_the_name() {
        let files = [
            ("main.rs", "mod a; mod d; use a::B; fn main() { B::new() }"),
            ("a.rs", "mod b; mod c; pub use self::b::B; pub use crate::d::D;"),
            ("a/b.rs", "pub struct B; use super::c::C;"),
            ("a/c.rs", "pub struct C; use super::B;"),
            ("d.rs", "pub struct D;"),
        ];
        let expected = [
            "a.rs → d.rs: D",
            "a/b.rs → a/c.rs: C",
            "a/c.rs → a/b.rs: B",
            "main.rs → a.rs: B",
            "main.rs → a/b.rs: B",
        ];
        assert_eq!(needs(&files), expected);
    }

    #[test]
    fn a_path_into_a_module_counts_for_each_module_that_it_enters() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "pub mod inner { pub mod deep; } use crate::b::B;"),
            ("a/inner/deep.rs", "pub struct Deep(super::super::B);"),
            ("b.rs", "use crate::a::inner::deep::Deep; pub struct B;"),
        ];
        let expected = [
            "a.rs → b.rs: B",
            "a/inner/deep.rs → b.rs: B",
            "b.rs → a.rs: Deep",
            "b.rs → a/inner/deep.rs: Deep",
        ];
        assert_eq!(needs(&files), expected);
    }

    #[test]
    fn a_module_without_a_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("lib.rs");
        fs::write(&root, "mod lost;").unwrap();
        let error = Tree::read(root).err().unwrap().to_string();
        assert!(error.contains("lost has no file"), "{error}");
    }
}
