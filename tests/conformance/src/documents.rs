//! The commands in the documents.

use std::fs;
use std::path::{Path, PathBuf};

/// The top of the workspace.
#[must_use]
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every document for users, by its path from the top.
#[must_use]
pub fn all() -> Vec<PathBuf> {
    let guides = fs::read_dir(top().join("docs")).expect("docs");
    let guides = guides.map(|entry| entry.expect("a guide").path());
    let mut documents: Vec<_> =
        guides.filter(|path| path.extension() == Some("md".as_ref())).collect();
    documents.push(top().join("README.md"));
    documents.push(top().join("CONTRIBUTING.md"));
    documents.push(top().join("ig-oauth-fake-instagram/README.md"));
    documents.sort();
    documents
}

/// The blocks of a document that are for a shell.
#[must_use]
pub fn shell_blocks(document: &Path) -> Vec<String> {
    let text = fs::read_to_string(document).expect("a document");
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (&mut block, line.trim()) {
            (None, "```sh") => block = Some(String::new()),
            (Some(_), "```") => blocks.extend(block.take()),
            (Some(block), _) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}
