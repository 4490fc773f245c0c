//! The scheduler, as a person meets it.

use ig_oauth_conformance::browser::Browser;
use ig_oauth_conformance::example::Example;
use ig_oauth_conformance::program::command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_scheduler-example");

#[tokio::test]
async fn connected_accounts_are_looked_at_while_nobody_is_there() {
    let example = Example::start(PROGRAM, &[("SCHEDULE_SECONDS", "1")]);
    assert!(example.greeting.contains("in memory"), "{}", example.greeting);
    let mut browser = Browser::new();
    browser.open(&example.url("/")).await;
    browser.click("Log in with Instagram").await;
    browser.press("Allow").await;
    // Nobody asks for anything any more; the account is looked at again and again.
    for _ in 0..2 {
        let line = example.program.wait_for("is @");
        assert!(line.ends_with("is @simulated.bakery with 56 posts"), "{line}");
    }
}

#[test]
fn a_mistake_in_the_schedule_is_explained() {
    for wrong in ["0", "soon"] {
        let output = command(PROGRAM, &[("SCHEDULE_SECONDS", wrong)]).output().unwrap();
        assert!(!output.status.success());
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("use a number of seconds"), "{text}");
    }
}
