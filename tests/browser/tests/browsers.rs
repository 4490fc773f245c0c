//! Every check in every browser that is installed. Words after `--` choose checks by their names.

#![allow(clippy::print_stdout, reason = "a program that reports")]

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use ig_oauth_browser::launch::Kind;
use ig_oauth_browser::run::{self, Count};
use ig_oauth_browser::site::{Framework, Programs};

const PROGRAMS: [(Framework, Programs); 2] = [
    (
        Framework::Axum,
        Programs {
            example: env!("CARGO_BIN_EXE_axum-in-browsers"),
            connect: env!("CARGO_BIN_EXE_connect-in-browsers"),
        },
    ),
    (
        Framework::Actix,
        Programs {
            example: env!("CARGO_BIN_EXE_actix-in-browsers"),
            connect: env!("CARGO_BIN_EXE_connect-actix-in-browsers"),
        },
    ),
];

/// How the checks went, and how long they took.
fn checks(kind: Kind, words: &[String]) -> (Count, Duration) {
    let started = Instant::now();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let count = runtime.worker_threads(2).enable_all().build().map_or_else(
        |_| Count { failed: 1, ..Count::default() },
        |runtime| runtime.block_on(run::checks(kind, &PROGRAMS, words)),
    );
    (count, started.elapsed())
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        // What other tests of the workspace are asked; here is one program.
        return ExitCode::SUCCESS;
    }
    let words: Vec<_> = arguments.into_iter().filter(|word| !word.starts_with('-')).collect();
    let kinds = [Kind::Chromium, Kind::Firefox].into_iter().filter(|kind| kind.is_installed());
    // Both at once: a browser waits most of the time.
    let running: Vec<_> = kinds
        .map(|kind| {
            let words = words.clone();
            (kind, thread::spawn(move || checks(kind, &words)))
        })
        .collect();
    let mut failed = 0;
    for (kind, thread) in running {
        let nothing = (Count { failed: 1, ..Count::default() }, Duration::ZERO);
        let (count, took) = thread.join().unwrap_or(nothing);
        let Count { passed, failed: not_passed, repeated } = count;
        println!(
            "{:<10} {passed} checks passed, {not_passed} failed, {repeated} tried twice, in {} s",
            kind.name(),
            took.as_secs()
        );
        failed += count.failed;
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
