//! Every command in the documents is run by a test or by CI.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;

use ig_oauth_conformance::documents::{all, shell_blocks, top};

/// Blocks that a test of another package runs as they stand, by a word of theirs.
const RUN_ELSEWHERE: [&str; 1] = ["openssl dgst"];

/// Whether something runs that command: CI to the letter, or the tests of the package it starts.
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
    let folders = ["examples", "tests"].map(|folder| fs::read_dir(top().join(folder)).unwrap());
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
