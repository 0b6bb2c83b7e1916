//! Reads one source file: the modules that it declares, and the paths that each of them names.

use std::path::PathBuf;

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, Meta, UseTree, VisRestricted, Visibility};

use super::module::{Module, Path};

/// Configurations that are not part of the crate: its tests, and imports for links in its documentation.
const LEFT_OUT: [&str; 2] = ["test", "doc"];

/// A `mod name;`, whose content is in a file of its own.
pub(super) struct Declared {
    pub(super) parent: usize,
    pub(super) name: String,
    /// The folder that has the file.
    pub(super) folder: PathBuf,
}

/// Reads a file into its module `current`, and its inline modules to the end of the list. Returns the modules that
/// it declares; their files are below `folder`.
///
/// # Errors
/// Returns an error if the file cannot be read, or is not Rust.
pub(super) fn read(
    file: &std::path::Path,
    folder: PathBuf,
    current: usize,
    modules: &mut Vec<Module>,
) -> Result<Vec<Declared>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let syntax = syn::parse_file(&text).with_context(|| format!("cannot parse {}", file.display()))?;
    let mut reader = Reader {
        modules,
        current,
        folder,
        declared: Vec::new(),
    };
    reader.visit_file(&syntax);
    Ok(reader.declared)
}

struct Reader<'a> {
    modules: &'a mut Vec<Module>,
    current: usize,
    folder: PathBuf,
    declared: Vec<Declared>,
}

impl Reader<'_> {
    fn name_path(&mut self, path: Path) {
        self.modules[self.current].paths.insert(path);
    }

    /// Adds the names of a `use`.
    fn import(&mut self, tree: &UseTree, prefix: &[String], public: bool) {
        let path = |name: &syn::Ident| match name == "self" {
            true => prefix.to_vec(),
            false => [prefix, &[name.to_string()]].concat(),
        };
        let (path, name) = match tree {
            UseTree::Path(part) => return self.import(&part.tree, &path(&part.ident), public),
            UseTree::Group(group) => {
                let trees = group.items.iter();
                return trees.for_each(|tree| self.import(tree, prefix, public));
            }
            UseTree::Name(leaf) => (path(&leaf.ident), path(&leaf.ident).pop()),
            UseTree::Rename(leaf) => (path(&leaf.ident), Some(leaf.rename.to_string())),
            // The names are unknown, so it counts as something that the module itself defines.
            UseTree::Glob(_) => ([prefix, &["*".to_owned()]].concat(), None),
        };
        let module = &mut self.modules[self.current];
        let paths = if public {
            &mut module.reexports
        } else {
            &mut module.paths
        };
        paths.insert(path.clone());
        module.imports.extend(name.map(|name| (name, path)));
    }

    /// Adds the paths in the arguments of a macro or an attribute, which are not parsed yet.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Path = Vec::new();
        let mut colons = 0;
        for token in tokens {
            if let TokenTree::Punct(punct) = &token
                && punct.as_char() == ':'
            {
                colons += 1;
                continue;
            }
            let continues = colons == 2;
            if !continues || !matches!(token, TokenTree::Ident(_)) {
                self.name_path(std::mem::take(&mut path));
            }
            match &token {
                // After colons without a path it belongs to a type or to another crate.
                TokenTree::Ident(_) if continues && path.is_empty() => (),
                TokenTree::Ident(ident) => path.push(ident.to_string()),
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => (),
            }
            colons = 0;
        }
        self.name_path(path);
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(is_left_out) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        let parent = self.current;
        let Some((_, items)) = &item.content else {
            let folder = self.folder.clone();
            return self.declared.push(Declared { parent, name, folder });
        };
        let folder = self.folder.join(&name);
        let folder = std::mem::replace(&mut self.folder, folder);
        self.current = Module::add(self.modules, parent, &name, self.modules[parent].file);
        items.iter().for_each(|item| self.visit_item(item));
        self.current = parent;
        self.folder = folder;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // Leading colons mean another crate.
        if item.leading_colon.is_none() {
            let public = !matches!(item.vis, Visibility::Inherited);
            self.import(&item.tree, &[], public);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|segment| segment.ident.to_string());
            self.name_path(names.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    /// The path of `pub(super)` names nothing that the module needs.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}

fn is_left_out(attribute: &Attribute) -> bool {
    let configuration = attribute.parse_args::<syn::Ident>();
    attribute.path().is_ident("cfg") && configuration.is_ok_and(|name| LEFT_OUT.iter().any(|out| name == out))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
