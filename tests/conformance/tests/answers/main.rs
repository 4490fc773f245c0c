//! Known responses of the provider, and the required result of each.
//!
//! `fixtures.jsonl` has bodies, callback queries and signed texts, each with its source and the
//! correct result. Each runs through a whole flow against a provider that gives this response.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests, and a command's output"
)]

mod flow;
mod kinds;

use ig_oauth_conformance::security::log;
use serde_json::Value;

use crate::flow::{Outcome, run};

/// Nothing of this may be in an event or in an error: what was sent to the provider, or came from it
/// as a secret.
const SECRETS: [&str; 4] = [flow::CODE, flow::CLIENT_SECRET, flow::TOKEN, "IGAAfakefake"];

/// More characters than any event has that keeps the provider's words at 256 and gives one advice.
const LONGEST_EVENT: usize = 1_024;

fn texts<'f>(fixture: &'f Value, field: &str) -> Vec<&'f str> {
    let list = fixture["expect"][field].as_array();
    list.into_iter().flatten().map(|text| text.as_str().expect("text")).collect()
}

/// What is not as it should be.
fn problems(fixture: &Value, outcome: &Outcome) -> Vec<String> {
    let mut problems = Vec::new();
    let expected = fixture["expect"]["result"].as_str().expect("a result");
    if outcome.result != expected {
        problems.push(format!("{} instead of {expected}", outcome.result));
    }
    for (what, found) in [("seconds", outcome.seconds), ("wait", outcome.wait)] {
        let expected = fixture["expect"][what].as_u64();
        if expected.is_some() && expected != found {
            problems.push(format!("{what} {found:?} instead of {expected:?}"));
        }
    }
    let said = outcome.said.join("\n");
    for words in texts(fixture, "said") {
        if !said.contains(words) {
            problems.push(format!("nothing says `{words}`"));
        }
    }
    for words in texts(fixture, "unsaid").into_iter().chain(SECRETS) {
        if said.contains(words) {
            problems.push(format!("`{words}` is said"));
        }
    }
    for line in &outcome.said {
        if line.chars().any(char::is_control) || line.chars().count() > LONGEST_EVENT {
            problems.push(format!("not one bounded line: {line:?}"));
        }
    }
    if !problems.is_empty() {
        problems.push(format!("said: {said}"));
    }
    problems
}

/// Prints a line for each answer, and fails unless all of them come to what is right.
#[tokio::test]
async fn the_table_of_provider_answers_is_right() {
    log::capture();
    let fixtures = include_str!("fixtures.jsonl");
    let (mut right, mut all) = (0, 0);
    for line in fixtures.lines() {
        let fixture: Value = serde_json::from_str(line).expect("a fixture");
        let text = |field: &str| fixture[field].as_str().expect("text").to_owned();
        assert!(!text("provenance").is_empty(), "{line}");
        let outcome = run(&fixture).await;
        let problems = problems(&fixture, &outcome);
        let verdict = if problems.is_empty() { "right" } else { "WRONG" };
        println!("{:5} {:14} {:24} {verdict}", text("id"), text("step"), outcome.result);
        problems.iter().for_each(|problem| println!("        {problem}"));
        all += 1;
        right += usize::from(problems.is_empty());
    }
    println!("{right} of {all}");
    assert!(all >= 84, "{all} answers");
    assert_eq!(right, all, "some answers come to something else");
}
