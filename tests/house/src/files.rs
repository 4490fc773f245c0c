//! The files of a crate, followed from its `lib.rs` as the compiler does.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The crates that are published, by their folders.
pub const CRATES: [&str; 4] =
    ["ig-oauth-common", "ig-oauth-tower", "ig-oauth-actix", "ig-oauth-stores"];

/// A crate's files.
#[derive(Debug)]
pub struct Crate {
    /// Its folder.
    pub name: String,
    /// Its files, `lib.rs` first.
    pub files: Vec<File>,
}

/// A file that is a module of its crate.
#[derive(Debug)]
pub struct File {
    /// Where it stands below `src`, with slashes.
    pub path: String,
    /// Its module: the names behind `crate`.
    pub module: Vec<String>,
    /// Its content without comments, documentation and tests.
    pub tokens: TokenStream,
    /// How many lines it has, with all that.
    pub whole_lines: usize,
    /// The modules that it declares in files of their own.
    pub children: Vec<String>,
}

impl Crate {
    /// Reads a crate in its folder below the workspace.
    ///
    /// # Panics
    ///
    /// When a file cannot be read or is not Rust: it is for tests.
    #[must_use]
    pub fn read(name: &str) -> Self {
        let source = workspace().join(name).join("src");
        let mut files = Vec::new();
        read_file(&source, &source.join("lib.rs"), Vec::new(), &mut files);
        Self { name: name.to_owned(), files }
    }

    /// A crate whose files are given, for testing what is said about crates.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| {
            let stem = path.trim_end_matches(".rs").trim_end_matches("/mod");
            let module = match stem {
                "lib" => Vec::new(),
                stem => stem.split('/').map(str::to_owned).collect(),
            };
            File::new((*path).to_owned(), module, text)
        });
        Self { name: "given".to_owned(), files: files.collect() }
    }

    /// The file of a module.
    #[must_use]
    pub fn file_of(&self, module: &[String]) -> Option<usize> {
        self.files.iter().position(|file| file.module == module)
    }
}

impl File {
    #[allow(clippy::expect_used, reason = "a source that is not Rust ends the test")]
    fn new(path: String, module: Vec<String>, text: &str) -> Self {
        let tokens: TokenStream = text.parse().expect("a source file is Rust");
        let tokens = without_tests_and_documentation(tokens);
        let children = declared_modules(&tokens);
        Self { path, module, tokens, whole_lines: text.lines().count(), children }
    }
}

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[allow(clippy::panic, reason = "a file that cannot be read ends the test")]
fn read_file(source: &Path, path: &Path, module: Vec<String>, files: &mut Vec<File>) {
    let text = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", path.display()));
    let below = path.strip_prefix(source).unwrap_or(path);
    let name = below.components().map(|part| part.as_os_str().to_string_lossy());
    let file = File::new(name.collect::<Vec<_>>().join("/"), module.clone(), &text);
    let folder = match module.split_last() {
        None => source.to_owned(),
        Some(_) => module.iter().fold(source.to_owned(), |folder, name| folder.join(name)),
    };
    let children = file.children.clone();
    files.push(file);
    for child in children {
        let plain = folder.join(format!("{child}.rs"));
        let path = if plain.exists() { plain } else { folder.join(&child).join("mod.rs") };
        let module = module.iter().cloned().chain([child]).collect();
        read_file(source, &path, module, files);
    }
}

/// The names of `mod name;`.
fn declared_modules(tokens: &TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let windows = tokens.windows(3);
    let declared = windows.filter_map(|window| match window {
        [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Punct(end)]
            if word == "mod" && end.as_char() == ';' =>
        {
            Some(name.to_string())
        }
        _ => None,
    });
    declared.collect()
}

fn without_tests_and_documentation(tokens: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        if !is_punct(&token, '#') {
            kept.push(match token {
                TokenTree::Group(group) => {
                    let inner = without_tests_and_documentation(group.stream());
                    let mut cleaned = proc_macro2::Group::new(group.delimiter(), inner);
                    cleaned.set_span(group.span());
                    TokenTree::Group(cleaned)
                }
                other => other,
            });
            continue;
        }
        let inner = rest.next_if(|token| is_punct(token, '!'));
        match rest.next() {
            Some(TokenTree::Group(attribute)) if attribute.delimiter() == Delimiter::Bracket => {
                let text = attribute.stream().to_string();
                if text.starts_with("doc =") || text.starts_with("doc=") {
                    continue;
                }
                if is_for_tests(&text) {
                    skip_item(&mut rest);
                    continue;
                }
                kept.push(token);
                kept.extend(inner);
                kept.push(TokenTree::Group(attribute));
            }
            other => {
                kept.push(token);
                kept.extend(inner);
                kept.extend(other);
            }
        }
    }
    kept.into_iter().collect()
}

fn is_for_tests(attribute: &str) -> bool {
    let attribute = attribute.replace(' ', "");
    attribute == "test" || attribute == "cfg(test)" || attribute.starts_with("cfg(all(test,")
}

/// The item behind an attribute: up to its semicolon or its braces.
fn skip_item(rest: &mut impl Iterator<Item = TokenTree>) {
    for token in rest {
        match token {
            TokenTree::Punct(end) if end.as_char() == ';' => return,
            TokenTree::Group(body) if body.delimiter() == Delimiter::Brace => return,
            _ => {}
        }
    }
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}
