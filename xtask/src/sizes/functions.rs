//! The functions of a Rust file with their lengths.

use anyhow::{Result, anyhow};
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use crate::tree::File;

/// One function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// The file.
    pub path: String,
    /// The function.
    pub name: String,
    /// The line of its `fn`.
    pub line: usize,
    /// Its lines, from `fn` to the last brace.
    pub lines: usize,
}

impl Function {
    /// Returns `FILE:NAME`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.path, self.name)
    }
}

/// Returns a file's functions, those within functions too.
///
/// # Errors
/// Returns an error if the file is not Rust.
pub(crate) fn of(file: &File) -> Result<Vec<Function>> {
    let parsed =
        syn::parse_file(&file.text).map_err(|error| anyhow!("cannot read {}: {error}", file.path))?;
    let mut functions = Functions {
        path: &file.path,
        found: Vec::new(),
    };
    functions.visit_file(&parsed);
    Ok(functions.found)
}

struct Functions<'a> {
    path: &'a str,
    found: Vec<Function>,
}

impl Functions<'_> {
    fn add(&mut self, signature: &Signature, block: &Block) {
        let line = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        self.found.push(Function {
            path: self.path.to_owned(),
            name: signature.ident.to_string(),
            line,
            lines: last + 1 - line,
        });
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_every_kind_are_found_with_their_lines() {
        let text = "/// Doc.\nfn a() {\n    fn b() {}\n}\nimpl C {\n    pub fn d(\n        x: u8,\n    ) {\n    }\n}\ntrait E {\n    fn f();\n    fn g() {}\n}\n";
        let file = File {
            path: "a.rs".to_owned(),
            text: text.to_owned(),
        };
        let found: Vec<_> = of(&file)
            .unwrap()
            .into_iter()
            .map(|f| (f.name, f.line, f.lines))
            .collect();
        let expected = [("a", 2, 3), ("b", 3, 1), ("d", 6, 4), ("g", 13, 1)];
        assert_eq!(
            found,
            expected.map(|(name, line, lines)| (name.to_owned(), line, lines))
        );
    }
}
