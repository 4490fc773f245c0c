//! Every command in the documents is run by a test or by CI.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;

use ig_oauth_common::Config;
use ig_oauth_conformance::documents::{all, shell_blocks, top};

/// Blocks that a test of another package runs as they stand, by a word of theirs.
const RUN_ELSEWHERE: [&str; 1] = ["openssl dgst"];

/// Whether a test or CI runs that command: CI literally, or the tests of the package that it
/// starts.
fn is_run(command: &str) -> bool {
    let ci = fs::read_to_string(top().join(".ci/run")).unwrap().replace("--locked ", "");
    // Settings before a command are those of its tests.
    let command = command.split_once("cargo ").map_or(command, |(_, rest)| rest);
    if ci.contains(command) {
        return true;
    }
    if command.starts_with("test -p ") {
        return ci.contains("cargo test --workspace");
    }
    let Some(package) = command.strip_prefix("run -p ") else { return false };
    let program = package.split_once(" --bin ").map_or(package, |(_, program)| program);
    let started = format!("env!(\"CARGO_BIN_EXE_{program}\")");
    test_files().iter().any(|text| text.contains(&started))
}

fn test_files() -> Vec<String> {
    let folders =
        [".", "examples", "tests"].map(|folder| fs::read_dir(top().join(folder)).unwrap());
    let packages = folders.into_iter().flatten().map(|entry| entry.unwrap().path().join("tests"));
    packages
        .filter_map(|tests| fs::read_dir(tests).ok())
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path()).ok())
        .collect()
}

#[test]
fn every_command_in_the_documents_is_run() {
    let mut commands = 0;
    for document in all() {
        for block in shell_blocks(&document) {
            if RUN_ELSEWHERE.iter().any(|word| block.contains(word)) {
                continue;
            }
            for command in block.lines().filter(|line| !line.is_empty()) {
                assert!(is_run(command), "{}: nothing runs `{command}`", document.display());
                commands += 1;
            }
        }
    }
    assert!(commands >= 10, "the documents have commands: {commands}");
}

#[test]
fn a_command_that_nothing_runs_is_noticed() {
    for command in ["cargo run -p no-such-example", "cargo test -q", "rm -r /tmp/x", "cargo bench"]
    {
        assert!(!is_run(command), "{command}");
    }
}

/// The guide's code is that of two examples, whose own tests run it.
#[test]
fn the_first_app_of_the_guide_is_the_one_that_is_tested() {
    let guide = fs::read_to_string(top().join("docs/first-app.md")).unwrap();
    let blocks = guide.split("```").skip(1).step_by(2);
    let code: Vec<_> = blocks.filter_map(|block| block.strip_prefix("rust")).collect();
    let shown = code.iter().map(|block| block.trim_start_matches(",no_run").trim());
    let shown: Vec<_> = shown.collect();
    let tested: Vec<_> = ["first-axum", "first-actix"]
        .map(|name| fs::read_to_string(top().join("examples").join(name).join("src/main.rs")))
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let parts = tested.iter().flat_map(|source| {
        let (app, test) = source.split_at(source.find("#[cfg(test)]").unwrap());
        [app.trim(), test.trim()]
    });
    assert_eq!(shown, parts.collect::<Vec<_>>());
}

/// Whether the crate would take that text as a cookie secret.
fn is_taken(text: &str) -> bool {
    let config = Config::builder("1", "an app secret", "https://app.example/callback");
    config.cookie_secrets([text]).build().is_ok()
}

/// Cookie secrets that a text prints: set as the variable, or quoted in code that sets one.
fn printed_secrets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for set in text.split("INSTAGRAM_COOKIE_SECRETS=").skip(1) {
        let value =
            set.split_whitespace().next().unwrap_or_default().trim_matches(['"', '\'', '`']);
        if !value.starts_with(['$', '<']) && is_taken(value) {
            found.push(value.to_owned());
        }
    }
    for block in text
        .split("```")
        .skip(1)
        .step_by(2)
        .filter(|block| block.contains("cookie_secret") || block.contains("let secret"))
    {
        let lines = block.lines().filter(|line| line.contains("secret"));
        let quoted = lines.flat_map(|line| line.split('"').skip(1).step_by(2));
        let taken = quoted.filter(|text| !text.contains("app-secret") && !text.contains("://"));
        found.extend(taken.filter(|text| is_taken(text)).map(str::to_owned));
    }
    found
}

/// The comments that become documentation, of every file below.
fn doc_comments(folder: &std::path::Path, comments: &mut Vec<(std::path::PathBuf, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            doc_comments(&path, comments);
        } else if path.extension() == Some("rs".as_ref()) {
            let text = fs::read_to_string(&path).unwrap();
            let lines = text.lines().map(str::trim_start);
            let lines = lines.filter_map(|l| l.strip_prefix("///").or(l.strip_prefix("//!")));
            comments.push((path, lines.collect::<Vec<_>>().join("\n")));
        }
    }
}

#[test]
fn v_06_no_document_prints_a_cookie_secret() {
    let mut texts: Vec<_> =
        all().into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect();
    for package in ["ig-oauth-common", "ig-oauth-tower", "ig-oauth-actix", "ig-oauth-stores"] {
        doc_comments(&top().join(package).join("src"), &mut texts);
    }
    assert!(texts.len() > 100, "{} texts", texts.len());
    for (path, text) in &texts {
        assert_eq!(printed_secrets(text), [""; 0], "{}", path.display());
    }
}

#[test]
fn a_document_that_prints_a_cookie_secret_is_noticed() {
    for text in [
        "INSTAGRAM_COOKIE_SECRETS=Zq8vX2mLr0aWn5TyKd7cUb1Hs9pGfE3j run",
        "INSTAGRAM_COOKIE_SECRETS=\"Zq8vX2mLr0aWn5TyKd7cUb1Hs9pGfE3j\" run",
        "```rust\n.cookie_secrets([\"an obviously fake cookie secret, do not use\"])\n```",
        "```\nlet secret = \"an obviously fake cookie secret, do not use\";\n```",
    ] {
        assert_eq!(printed_secrets(text).len(), 1, "{text}");
    }
    for text in [
        "INSTAGRAM_COOKIE_SECRETS=\"$(openssl rand -hex 32)\" run",
        "`INSTAGRAM_COOKIE_SECRETS=<old>,<new>` everywhere",
        "```rust\n.cookie_secrets(std::env::var(\"INSTAGRAM_COOKIE_SECRETS\")?.split(','))\n```",
    ] {
        assert_eq!(printed_secrets(text), [""; 0], "{text}");
    }
}
