//! How much code there is.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A function with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line it begins at.
    pub line: usize,
    /// Its lines from the name to the closing brace, all of them.
    pub lines: usize,
}

/// The lines that hold code. A text of three lines is three.
#[must_use]
pub fn lines_of_code(tokens: &TokenStream) -> usize {
    let mut lines = BTreeSet::new();
    note_lines(tokens, &mut lines);
    lines.len()
}

fn note_lines(tokens: &TokenStream, lines: &mut BTreeSet<usize>) {
    for token in tokens.clone() {
        match token {
            TokenTree::Group(group) => {
                if group.delimiter() != Delimiter::None {
                    lines.insert(group.span_open().start().line);
                    lines.insert(group.span_close().end().line);
                }
                note_lines(&group.stream(), lines);
            }
            other => lines.extend(other.span().start().line..=other.span().end().line),
        }
    }
}

/// Every function with a body, the inner ones of others included.
#[must_use]
pub fn functions(tokens: &TokenStream) -> Vec<Function> {
    let mut found = Vec::new();
    note_functions(tokens, &mut found);
    found
}

fn note_functions(tokens: &TokenStream, found: &mut Vec<Function>) {
    let mut named: Option<(String, usize)> = None;
    let mut is_name_next = false;
    for token in tokens.clone() {
        match token {
            TokenTree::Ident(word) if is_name_next => {
                named = Some((word.to_string(), word.span().start().line));
                is_name_next = false;
            }
            TokenTree::Ident(word) if word == "fn" => is_name_next = true,
            TokenTree::Punct(end) if end.as_char() == ';' => named = None,
            TokenTree::Group(group) => {
                is_name_next = false;
                note_functions(&group.stream(), found);
                if group.delimiter() == Delimiter::Brace
                    && let Some((name, line)) = named.take()
                {
                    let lines = group.span_close().end().line + 1 - line;
                    found.push(Function { name, line, lines });
                }
            }
            _ => is_name_next = false,
        }
    }
}
