//! Which file takes what from which: every path through modules, in `use` lines and elsewhere.
//!
//! A name that a module hands on counts for the file that defines it.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::{Crate, File};

/// One file takes a name from another of its crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The file that takes.
    pub from: usize,
    /// The file that defines.
    pub to: usize,
    /// The path as written, whole.
    pub path: String,
}

/// A path as one file writes it.
#[derive(Debug, Clone)]
struct Written {
    segments: Vec<String>,
    /// The name by which a `use` line brings it in; none elsewhere.
    name: Option<String>,
    /// Whether the line hands it on to others: `pub use`.
    is_handed_on: bool,
}

/// All uses of a crate's files by one another.
#[must_use]
pub fn uses(of: &Crate) -> Vec<Use> {
    let written: Vec<Vec<Written>> = of.files.iter().map(written_in).collect();
    let mut found = BTreeSet::new();
    for (from, file) in of.files.iter().enumerate() {
        for path in &written[from] {
            let whole = path.segments.join("::");
            // A module that hands on what its own files define is their face, and takes nothing.
            if path.is_handed_on && is_face(of, file, path) {
                continue;
            }
            if let Some(to) = definer(of, &written, from, &path.segments, 0)
                && to != from
            {
                found.insert(Use { from, to, path: whole });
            }
        }
    }
    found.into_iter().collect()
}

fn is_face(of: &Crate, file: &File, path: &Written) -> bool {
    let start = absolute(file, &path.segments);
    start.len() > file.module.len()
        && start.starts_with(&file.module)
        && of.file_of(&start[..=file.module.len()]).is_some()
}

/// The path behind `crate`.
fn absolute(file: &File, segments: &[String]) -> Vec<String> {
    let (mut base, mut rest) = match segments.first().map(String::as_str) {
        Some("crate") => (Vec::new(), &segments[1..]),
        Some("self") => (file.module.clone(), &segments[1..]),
        Some("super") => (file.module.clone(), segments),
        // A child of this module, or a name that one of its `use` lines brings in.
        _ => (file.module.clone(), segments),
    };
    while rest.first().is_some_and(|segment| segment == "super") {
        base.pop();
        rest = &rest[1..];
    }
    base.extend(rest.iter().cloned());
    base
}

fn definer(
    of: &Crate,
    written: &[Vec<Written>],
    from: usize,
    segments: &[String],
    depth: usize,
) -> Option<usize> {
    const MOST_STEPS: usize = 16;
    if depth > MOST_STEPS {
        return None;
    }
    let path = absolute(&of.files[from], segments);
    let known =
        (0..=path.len()).rev().find_map(|length| Some((length, of.file_of(&path[..length])?)));
    let (length, at) = known?;
    let Some(name) = path.get(length) else { return Some(at) };
    let brought_in = written[at].iter().find(|line| line.name.as_ref() == Some(name));
    match brought_in {
        Some(line) => {
            let further = line.segments.iter().chain(&path[length + 1..]).cloned();
            let further: Vec<String> = further.collect();
            // Paths from other crates do not count.
            starts_here(of, &of.files[at], &further).then_some(())?;
            definer(of, written, at, &further, depth + 1)
        }
        None => Some(at),
    }
}

fn starts_here(of: &Crate, file: &File, segments: &[String]) -> bool {
    let Some(first) = segments.first() else { return false };
    matches!(first.as_str(), "crate" | "self" | "super") || {
        let mut child = file.module.clone();
        child.push(first.clone());
        of.file_of(&child).is_some()
    }
}

fn written_in(file: &File) -> Vec<Written> {
    let mut found = Vec::new();
    read_paths(file, &file.tokens, &mut found);
    found
}

fn read_paths(file: &File, tokens: &TokenStream, found: &mut Vec<Written>) {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if word == "use" => {
                let is_handed_on = is_public(&tokens[..at]);
                let end = tokens[at..].iter().position(|token| is(token, ';'));
                let end = at + end.unwrap_or(tokens.len() - at);
                read_use(&tokens[at + 1..end], &[], is_handed_on, found);
                at = end;
            }
            TokenTree::Ident(word)
                if !is_after_colons(&tokens[..at]) && begins(file, &word.to_string()) =>
            {
                let (segments, next) = read_path(&tokens, at);
                if segments.len() > 1 {
                    found.push(Written { segments, name: None, is_handed_on: false });
                }
                at = next;
                continue;
            }
            TokenTree::Group(group) => read_paths(file, &group.stream(), found),
            _ => {}
        }
        at += 1;
    }
}

fn begins(file: &File, word: &str) -> bool {
    matches!(word, "crate" | "super" | "self") || file.children.iter().any(|child| child == word)
}

/// The names from `at` on that colons join, and the place behind them.
fn read_path(tokens: &[TokenTree], mut at: usize) -> (Vec<String>, usize) {
    let mut segments = Vec::new();
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        segments.push(name.to_string());
        at += 1;
        if !(tokens.get(at).is_some_and(|token| is(token, ':'))
            && tokens.get(at + 1).is_some_and(|token| is(token, ':')))
        {
            break;
        }
        at += 2;
    }
    (segments, at)
}

/// The tree of a `use` line, a leaf a path.
fn read_use(tokens: &[TokenTree], base: &[String], is_handed_on: bool, found: &mut Vec<Written>) {
    for leaf in tokens.split(|token| is(token, ',')) {
        let (mut segments, next) = read_path(leaf, 0);
        let mut whole = base.to_vec();
        whole.append(&mut segments);
        match leaf.get(next) {
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                read_use(&inner, &whole, is_handed_on, found);
            }
            Some(TokenTree::Ident(word)) if word == "as" => {
                let name = leaf.get(next + 1).map(ToString::to_string);
                found.push(Written { segments: whole, name, is_handed_on });
            }
            _ if whole.is_empty() => {}
            _ => {
                // `use a::b::{self}` is `use a::b`.
                if whole.len() > 1 && whole.last().is_some_and(|name| name == "self") {
                    whole.pop();
                }
                let name = whole.last().cloned();
                found.push(Written { segments: whole, name, is_handed_on });
            }
        }
    }
}

fn is_public(before: &[TokenTree]) -> bool {
    match before {
        [.., TokenTree::Ident(word)] => word == "pub",
        [.., TokenTree::Ident(word), TokenTree::Group(group)] => {
            word == "pub" && group.delimiter() == Delimiter::Parenthesis
        }
        _ => false,
    }
}

fn is_after_colons(before: &[TokenTree]) -> bool {
    matches!(before, [.., one, other] if is(one, ':') && is(other, ':'))
}

fn is(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}
