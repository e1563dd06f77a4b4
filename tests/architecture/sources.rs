//! Reads Rust sources with `syn`, and finds which file uses which.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Macro, UseTree, Visibility};

type Segments = Vec<String>;

/// The files of one crate.
pub struct Sources {
    /// By module path; the crate's root is empty.
    modules: BTreeMap<Segments, File>,
}

pub struct File {
    path: String,
    module: Segments,
    /// What the file defines at its top level, inline modules included.
    items: BTreeSet<String>,
    /// What each name is imported as, and whether it is only re-exported.
    imports: BTreeMap<String, Import>,
    globs: Vec<Segments>,
    /// Every path outside of imports, with the inline module in which it occurs.
    paths: Vec<Segments>,
    /// All words of the code, for glob imports and names of crates.
    words: BTreeSet<String>,
    tokens: Vec<Call>,
    strings: Vec<String>,
}

struct Import {
    target: Segments,
    is_public: bool,
}

/// A call or macro that writes rows, and the words of its arguments.
struct Call {
    name: String,
    arguments: BTreeSet<String>,
}

/// One file uses an item of another.
pub struct Edge<'s> {
    pub from: &'s File,
    pub to: &'s File,
    pub name: String,
}

/// What a file does with a table.
pub enum SqlUse {
    Reads(String),
    Writes(String),
    /// A call that writes, and names no table.
    WritesSomething(String),
}

/// The path and text of every Rust file in a folder.
pub fn texts(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, into: &mut Vec<(String, String)>) {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                walk(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                into.push((path.display().to_string(), text));
            }
        }
    }
    let mut texts = Vec::new();
    walk(Path::new(folder), &mut texts);
    texts.sort();
    texts
}

impl Sources {
    /// Reads the crate whose root is `lib.rs` in the folder, without the entries named in `except`.
    pub fn read(folder: &str, _root: &str, except: &[&str]) -> Sources {
        let inside = |path: &str| {
            path.strip_prefix(folder)
                .unwrap()
                .trim_start_matches('/')
                .to_owned()
        };
        let is_left_out = |path: &str| {
            except
                .iter()
                .any(|name| inside(path).split('/').next() == Some(name))
        };
        let files = texts(folder).into_iter().filter(|(path, _)| !is_left_out(path));
        Sources::parse(files.map(|(path, text)| {
            let module = module_path(&inside(&path));
            (path, text, module)
        }))
    }

    /// Reads the crate whose root is `main.rs`, with the folder `main` below it.
    pub fn read_binary(folder: &str) -> Sources {
        let root = format!("{folder}/main");
        let files = texts(folder)
            .into_iter()
            .filter(|(path, _)| path.starts_with(&root));
        Sources::parse(files.map(|(path, text)| {
            let inside = path
                .strip_prefix(&root)
                .unwrap()
                .trim_start_matches('/')
                .to_owned();
            let module = if inside == ".rs" {
                Vec::new()
            } else {
                module_path(&inside)
            };
            (path, text, module)
        }))
    }

    fn parse(files: impl Iterator<Item = (String, String, Segments)>) -> Sources {
        let modules = files.map(|(path, text, module)| (module.clone(), File::parse(path, &text, module)));
        Sources {
            modules: modules.collect(),
        }
    }

    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.modules.values()
    }

    /// Every use of an item in another file.
    pub fn edges(&self) -> impl Iterator<Item = Edge<'_>> {
        self.files().flat_map(|file| self.edges_of(file))
    }

    fn edges_of<'s>(&'s self, file: &'s File) -> Vec<Edge<'s>> {
        let mut targets: BTreeMap<Segments, String> = BTreeMap::new();
        let mut add = |target: Option<(&File, bool)>, path: &[String]| {
            if let Some((target, is_item)) = target
                && is_item
                && target.module != file.module
            {
                targets
                    .entry(target.module.clone())
                    .or_insert_with(|| path.join("::"));
            }
        };
        for import in file.imports.values().filter(|import| !import.is_public) {
            add(self.resolve(&import.target, 0), &import.target);
        }
        for path in &file.paths {
            if let Some(absolute) = self.absolute(file, path) {
                add(self.resolve(&absolute, 0), &absolute);
            }
        }
        targets
            .into_iter()
            .map(|(module, name)| Edge {
                from: file,
                to: &self.modules[&module],
                name,
            })
            .collect()
    }

    /// A path of the code as one from the crate's root; none where it leads out of the crate or stays in the file.
    fn absolute(&self, file: &File, path: &[String]) -> Option<Segments> {
        let (first, rest) = path.split_first()?;
        if first == "crate" {
            return Some(rest.to_vec());
        }
        if let Some(import) = file.imports.get(first) {
            return Some([import.target.as_slice(), rest].concat());
        }
        if file.items.contains(first) {
            return None;
        }
        let child = [file.module.as_slice(), std::slice::from_ref(first)].concat();
        if self.modules.contains_key(&child) {
            return Some([child.as_slice(), rest].concat());
        }
        let in_glob = |base: &&Segments| {
            let path = [base.as_slice(), std::slice::from_ref(first)].concat();
            self.modules
                .get(*base)
                .is_some_and(|module| module.items.contains(first) || module.imports.contains_key(first))
                || self.modules.contains_key(&path)
        };
        let base = file.globs.iter().find(in_glob)?;
        Some([base.as_slice(), path].concat())
    }

    /// The file that a path from the root leads to, and whether it ends at an item there instead of at the module.
    fn resolve(&self, path: &[String], depth: usize) -> Option<(&File, bool)> {
        if depth > 8 {
            return None;
        }
        let mut length = 0;
        while length < path.len() && self.modules.contains_key(&path[..=length]) {
            length += 1;
        }
        let module = self.modules.get(&path[..length])?;
        let Some(name) = path.get(length) else {
            return Some((module, false));
        };
        if !module.items.contains(name) {
            if let Some(import) = module.imports.get(name) {
                let further = [import.target.as_slice(), &path[length + 1..]].concat();
                return self.resolve(&further, depth + 1);
            }
            for glob in &module.globs {
                let further = [glob.as_slice(), &path[length..]].concat();
                if let Some((file, true)) = self.resolve(&further, depth + 1)
                    && file.items.contains(name)
                {
                    return Some((file, true));
                }
            }
        }
        // The root of the library only declares modules; what isn't found there is another crate's.
        (length > 0 || module.items.contains(name)).then_some((module, true))
    }

    /// The groups of files in which each can be reached from each other.
    pub fn circles(&self) -> Vec<String> {
        let mut uses: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        let edges: Vec<Edge> = self.edges().collect();
        for edge in &edges {
            uses.entry(edge.from.path())
                .or_default()
                .insert(edge.to.path(), edge.name.clone());
        }
        let reachable = |from: &str| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
            while let Some(path) = open.pop() {
                for next in uses.get(path.as_str()).into_iter().flat_map(BTreeMap::keys) {
                    if seen.insert((*next).to_owned()) {
                        open.push((*next).to_owned());
                    }
                }
            }
            seen
        };
        let reach: BTreeMap<&str, BTreeSet<String>> =
            uses.keys().map(|path| (*path, reachable(path))).collect();
        let mut circles = Vec::new();
        for (from, targets) in &uses {
            for (to, name) in targets {
                if reach.get(to).is_some_and(|back| back.contains(*from)) {
                    circles.push(format!("{from} uses {name} of {to}, which leads back"));
                }
            }
        }
        circles
    }
}

/// `a/b.rs` and `a/b/mod.rs` are the module a::b, `lib.rs` the root.
fn module_path(inside: &str) -> Segments {
    let mut segments: Segments = inside
        .trim_end_matches(".rs")
        .split('/')
        .map(str::to_owned)
        .collect();
    if segments.last().is_some_and(|last| last == "mod" || last == "lib") {
        segments.pop();
    }
    segments
}

impl File {
    fn parse(path: String, text: &str, module: Segments) -> File {
        let syntax = syn::parse_file(text).unwrap_or_else(|e| panic!("{path}: {e}"));
        let mut reader = Reader {
            inline: Vec::new(),
            file: File {
                path,
                module,
                items: BTreeSet::new(),
                imports: BTreeMap::new(),
                globs: Vec::new(),
                paths: Vec::new(),
                words: BTreeSet::new(),
                tokens: Vec::new(),
                strings: Vec::new(),
            },
        };
        for item in syntax.items.iter().filter(|item| !is_test(attributes(item))) {
            reader.file.items.extend(name_of(item));
        }
        reader.visit_file(&syntax);
        reader.file
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// The top-level module.
    pub fn module(&self) -> &str {
        self.module.first().map_or("", String::as_str)
    }

    /// Whether the file, or a folder above it, is a slice's room of this name: `store.rs`, `store/…`.
    pub fn is_in(&self, room: &str) -> bool {
        self.module.iter().skip(1).any(|segment| segment == room)
    }

    pub fn uses_crate(&self, name: &str) -> bool {
        self.words.contains(name)
    }

    /// Which of the tables the file uses, and how.
    pub fn sql(&self, tables: &BTreeSet<&str>) -> Vec<SqlUse> {
        let mut uses = Vec::new();
        let is_schema = |path: &[String]| path.starts_with(&["db".to_owned(), "schema".to_owned()]);
        let imported = self.imports.values().map(|import| &import.target);
        let written_out = self
            .paths
            .iter()
            .filter(|path| path.first().is_some_and(|first| first == "crate"));
        let written_out = written_out.map(|path| path[1..].to_vec());
        let reached: BTreeSet<String> = imported
            .cloned()
            .chain(self.globs.iter().cloned())
            .chain(written_out)
            .filter(|path| is_schema(path))
            .filter_map(|path| path.get(2).cloned())
            .filter(|name| tables.contains(name.as_str()))
            .collect();
        for call in &self.tokens {
            let named: Vec<&String> = reached
                .iter()
                .filter(|table| call.arguments.contains(*table))
                .collect();
            if named.is_empty() && !reached.is_empty() {
                uses.push(SqlUse::WritesSomething(call.name.clone()));
            }
            uses.extend(named.first().map(|table| SqlUse::Writes((*table).clone())));
        }
        uses.extend(reached.into_iter().map(SqlUse::Reads));
        for text in &self.strings {
            let words: Vec<&str> = text
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .filter(|w| !w.is_empty())
                .collect();
            for pair in words.windows(2) {
                let (verb, table) = (pair[0], pair[1]);
                if !tables.contains(table) {
                    continue;
                }
                match verb {
                    "INTO" | "UPDATE" => uses.push(SqlUse::Writes(table.to_owned())),
                    "FROM" if words.contains(&"DELETE") => uses.push(SqlUse::Writes(table.to_owned())),
                    "FROM" | "JOIN" => uses.push(SqlUse::Reads(table.to_owned())),
                    _ => {}
                }
            }
        }
        uses
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .meta
                    .require_list()
                    .is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        _ => &[],
    }
}

/// The name that an item gives; modules in files of their own are found by their file.
fn name_of(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(i) => &i.ident,
        Item::Enum(i) => &i.ident,
        Item::Fn(i) => &i.sig.ident,
        Item::Macro(i) => i.ident.as_ref()?,
        Item::Mod(i) if i.content.is_some() => &i.ident,
        Item::Static(i) => &i.ident,
        Item::Struct(i) => &i.ident,
        Item::Trait(i) => &i.ident,
        Item::Type(i) => &i.ident,
        _ => return None,
    };
    Some(name.to_string())
}

struct Reader {
    file: File,
    /// The inline modules around what is being read.
    inline: Segments,
}

impl Reader {
    /// `self` and `super` at the beginning of a path, replaced by `crate` and the module that they mean.
    fn rooted(&self, path: Segments) -> Segments {
        let mut here = [self.file.module.as_slice(), self.inline.as_slice()].concat();
        let mut rest = path.as_slice();
        match rest.first().map(String::as_str) {
            Some("self") => rest = &rest[1..],
            Some("super") => {}
            _ => return path,
        }
        while let Some(("super", more)) = rest.split_first().map(|(first, more)| (first.as_str(), more)) {
            here.pop();
            rest = more;
        }
        // An inline module is part of its file.
        [&["crate".to_owned()], here.as_slice(), rest].concat()
    }

    fn path(&mut self, path: Segments) {
        self.file.words.extend(path.iter().cloned());
        if !path.is_empty() {
            let path = self.rooted(path);
            self.file.paths.push(path);
        }
    }

    fn import(&mut self, tree: &UseTree, before: &Segments, is_public: bool) {
        match tree {
            UseTree::Path(tree) => {
                let before = [before.as_slice(), &[tree.ident.to_string()]].concat();
                self.import(&tree.tree, &before, is_public);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before, is_public);
                }
            }
            UseTree::Name(name) if name.ident == "self" => {
                let bound = before.last().cloned().unwrap_or_default();
                self.bind(bound, before.clone(), is_public);
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.bind(name.clone(), [before.as_slice(), &[name]].concat(), is_public);
            }
            UseTree::Rename(rename) => {
                let target = [before.as_slice(), &[rename.ident.to_string()]].concat();
                self.bind(rename.rename.to_string(), target, is_public);
            }
            UseTree::Glob(_) => {
                if let Some(target) = self.inside(before.clone()) {
                    self.file.globs.push(target);
                }
            }
        }
    }

    fn bind(&mut self, name: String, target: Segments, is_public: bool) {
        self.file.words.extend(target.iter().cloned());
        if let Some(target) = self.inside(target) {
            self.file.imports.insert(name, Import { target, is_public });
        }
    }

    /// The target of an import, from the root; none where it is another crate's.
    fn inside(&self, target: Segments) -> Option<Segments> {
        let target = self.rooted(target);
        let first = target.first()?;
        if first == "crate" {
            return Some(target[1..].to_vec());
        }
        if let Some(import) = self.file.imports.get(first) {
            return Some([import.target.as_slice(), &target[1..]].concat());
        }
        // `use child::Item;` or an enum of this file.
        let is_relative = self.file.items.contains(first) || self.has_child(first);
        is_relative.then(|| [self.file.module.as_slice(), target.as_slice()].concat())
    }

    fn has_child(&self, name: &str) -> bool {
        let folder = match self
            .file
            .path
            .strip_suffix("mod.rs")
            .or(self.file.path.strip_suffix("lib.rs"))
        {
            Some(folder) => folder.to_owned(),
            None => self.file.path.trim_end_matches(".rs").to_owned() + "/",
        };
        let file = format!("{folder}{name}.rs");
        Path::new(&file).exists() || Path::new(&format!("{folder}{name}/mod.rs")).exists()
    }

    /// The paths in tokens that `syn` leaves as they are: arguments of macros and attributes.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Segments = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.path(std::mem::take(&mut path));
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
                TokenTree::Group(group) => {
                    self.call(&path, &group);
                    self.path(std::mem::take(&mut path));
                    colons = 0;
                    self.tokens(group.stream());
                }
                TokenTree::Literal(literal) => {
                    self.string(&literal.to_string());
                    self.path(std::mem::take(&mut path));
                    colons = 0;
                }
                TokenTree::Punct(_) => {
                    self.path(std::mem::take(&mut path));
                    colons = 0;
                }
            }
        }
        self.path(path);
    }

    fn call(&mut self, path: &Segments, group: &proc_macro2::Group) {
        if group.delimiter() == Delimiter::Parenthesis
            && let Some(name) = path.last().filter(|name| writes(path, name))
        {
            self.file.tokens.push(Call {
                name: name.clone(),
                arguments: words(group.stream()),
            });
        }
    }

    fn string(&mut self, literal: &str) {
        if literal.contains('"') {
            self.file.strings.push(literal.to_owned());
        }
    }
}

/// Whether a function of this name builds a statement that writes: diesel's functions, not a store's own verbs.
fn writes(path: &[String], name: &str) -> bool {
    let is_diesel = path.len() > 1 && path[path.len() - 2] == "diesel";
    matches!(name, "insert_into" | "replace_into" | "copy_from")
        || is_diesel && matches!(name, "update" | "delete")
}

fn words(tokens: TokenStream) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) => drop(all.insert(word.to_string())),
            TokenTree::Group(group) => all.extend(words(group.stream())),
            _ => {}
        }
    }
    all
}

impl<'a> Visit<'a> for Reader {
    fn visit_item(&mut self, item: &'a Item) {
        if is_test(attributes(item)) {
            return;
        }
        match item {
            Item::Mod(module) if module.content.is_some() => {
                self.inline.push(module.ident.to_string());
                visit::visit_item(self, item);
                self.inline.pop();
            }
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        self.import(&item.tree, &Vec::new(), is_public);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.path(
            path.segments
                .iter()
                .map(|segment| segment.ident.to_string())
                .collect(),
        );
        visit::visit_path(self, path);
    }

    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        if let syn::Expr::Path(function) = call.func.as_ref() {
            let path: Segments = function
                .path
                .segments
                .iter()
                .map(|s| s.ident.to_string())
                .collect();
            let name = path.last().cloned().unwrap_or_default();
            if writes(&path, &name) {
                let mut arguments = Words::default();
                call.args
                    .iter()
                    .for_each(|argument| arguments.visit_expr(argument));
                self.file.tokens.push(Call {
                    name,
                    arguments: arguments.0,
                });
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        self.path(
            call.path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string())
                .collect(),
        );
        if call.path.is_ident("insert_all") {
            self.file.tokens.push(Call {
                name: "insert_all!".to_owned(),
                arguments: words(call.tokens.clone()),
            });
        }
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_lit_str(&mut self, literal: &'a syn::LitStr) {
        self.file.strings.push(literal.value());
    }
}

/// The words of an expression.
#[derive(Default)]
struct Words(BTreeSet<String>);

impl<'a> Visit<'a> for Words {
    fn visit_ident(&mut self, word: &'a syn::Ident) {
        self.0.insert(word.to_string());
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        self.0.extend(words(call.tokens.clone()));
    }
}
