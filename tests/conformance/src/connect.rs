//! The examples that connect accounts to users of an app's own, as people meet them.

use std::io::Write as _;
use std::process::Command;

use crate::browser::{Browser, meta_refresh};
use crate::caller::{Caller, provider_and_example};
use crate::documents;
use crate::example::Example;

const BAKERY: &str = "17841458366137975";
const STUDIO: &str = "27640875392278831";
const CONNECT: &str = "Connect an Instagram account";

/// A browser that is logged in to the app with that name.
async fn entered(example: &Example, name: &str) -> Browser {
    let mut browser = Browser::new();
    browser.open(&example.url("/")).await;
    let page = browser.press_with("Enter", &[("name", name)]).await;
    assert!(page.response.text().contains(&format!("Hello, {name}")), "{}", page.response.text());
    browser
}

/// Connects that account. Whether the browser bounced on its way back.
async fn connect(browser: &mut Browser, account: &str) -> bool {
    let window = browser.press(CONNECT).await;
    assert_eq!(window.url.host_str(), Some("localhost"), "{}", window.response.describe());
    let page = browser.press_with("Allow", &[("account", account)]).await;
    let Some(again) = meta_refresh(&page.response.text()) else { return false };
    browser.follow(&again).await;
    true
}

/// What the home page shows now.
async fn home(example: &Example, browser: &mut Browser) -> String {
    browser.open(&example.url("/")).await.response.text()
}

/// Own login, two accounts connected, one removed on the provider's side: the other is still served.
pub async fn two_accounts_are_connected_and_one_is_removed_by_its_user(
    program: &str,
    same_site: &str,
) {
    let example = Example::start(program, &[("SESSION_SAME_SITE", same_site)]);
    let mut ann = entered(&example, "ann").await;
    assert!(ann.page().response.text().contains("You have not connected an account"));
    for account in [BAKERY, STUDIO] {
        // A strict cookie is held back on the way from the provider's site, a lax one is not.
        let bounced = connect(&mut ann, account).await;
        assert_eq!(bounced, same_site == "strict");
        let page = ann.page();
        assert_eq!(page.url.path(), "/", "{}", page.response.describe());
        assert!(page.response.text().contains("Hello, ann"), "{}", page.response.text());
    }
    let both = home(&example, &mut ann).await;
    assert!(both.contains("@simulated.bakery") && both.contains("@simulated.studio"), "{both}");
    // Connected again, it is still one.
    connect(&mut ann, BAKERY).await;
    assert_eq!(home(&example, &mut ann).await.matches("Disconnect @simulated.bakery").count(), 1);
    // The only cookies of the crate are those of attempts.
    assert!(ann.jar.named("ig_session").is_empty(), "the app's session is the only one");

    ann.press(CONNECT).await;
    let told = ann.press_with("Remove app", &[("account", BAKERY)]).await.response.text();
    assert!(told.contains("The app answered 200"), "{told}");
    let left = home(&example, &mut ann).await;
    assert!(!left.contains("bakery") && !left.contains(BAKERY), "{left}");
    assert!(left.contains("@simulated.studio"), "the other is still served: {left}");

    let empty = ann.press("Disconnect @simulated.studio").await.response.text();
    assert!(empty.contains("You have not connected an account"), "{empty}");
    connect(&mut ann, STUDIO).await;
    assert!(home(&example, &mut ann).await.contains("@simulated.studio"), "and again");
}

/// A cookie knows no port, so two examples on one host have cookies of different names.
pub async fn its_session_cookie_has_a_name_of_its_own(program: &str, name: &str) {
    let example = Example::start(program, &[]);
    let answer = posted(&example, "/enter", &[], "name=ann").await;
    let cookies = answer.all("set-cookie");
    assert!(cookies.iter().any(|cookie| cookie.starts_with(&format!("{name}="))), "{cookies:?}");
}

/// The provider has ended the connection of an account: the page says what to do about it, and the
/// button that lets the account go names it.
pub async fn an_account_whose_token_has_ended_asks_to_be_connected_again(program: &str) {
    let (provider, example) = provider_and_example(program).await;
    let mut ann = Caller::new(&example);
    for _ in 0..2 {
        let callback = ann.start_to_connect(&provider).await;
        assert_eq!(ann.get(&callback).await.status, 303);
        let page = ann.get("/").await.text();
        assert!(page.contains("Disconnect @simulated.bakery"), "{page}");
        provider.revoke_tokens();
        let page = ann.get("/").await.text();
        assert!(page.contains("connect it again"), "{page}");
        assert!(page.contains(&format!("Disconnect {BAKERY}")), "{page}");
    }
}

/// Each of two users connects the same account; one lets it go and the other keeps it.
pub async fn an_account_of_two_users_stays_until_both_let_it_go(program: &str) {
    let example = Example::start(program, &[]);
    let (mut ann, mut bob) = (entered(&example, "ann").await, entered(&example, "bob").await);
    connect(&mut ann, BAKERY).await;
    connect(&mut bob, BAKERY).await;
    home(&example, &mut ann).await;
    ann.press("Disconnect @simulated.bakery").await;
    assert!(!home(&example, &mut ann).await.contains("@simulated.bakery"));
    assert!(home(&example, &mut bob).await.contains("@simulated.bakery"));
    bob.press("Disconnect @simulated.bakery").await;
    assert!(home(&example, &mut bob).await.contains("You have not connected"));
}

/// The provider hands the user a code, and the app's page says how far their deletion has come.
pub async fn deleted_data_can_be_asked_after(program: &str) {
    let example = Example::start(program, &[]);
    let mut ann = entered(&example, "ann").await;
    connect(&mut ann, STUDIO).await;
    home(&example, &mut ann).await;
    ann.press(CONNECT).await;
    let told = ann.press_with("Delete my data", &[("account", STUDIO)]).await;
    assert!(told.response.text().contains("Confirmation code"), "{}", told.response.text());
    let status = ann.click("How far it has come").await;
    assert_eq!(status.url.path(), "/auth/instagram/data-deletion");
    let text = status.response.text();
    assert!(text.contains("Your data has been deleted"), "{text}");
    assert!(!text.contains(STUDIO) && !text.contains("studio"), "nothing about the user: {text}");
    assert!(home(&example, &mut ann).await.contains("You have not connected"));
}

/// Meta does not say which of a user's ids it sends: whatever it is, what the app holds goes too.
pub async fn the_provider_may_name_a_user_by_any_id(program: &str) {
    let example = Example::start(program, &[("SIMULATED_PLATFORM_ID", "professional")]);
    let mut ann = entered(&example, "ann").await;
    for (account, button) in [(BAKERY, "Remove app"), (STUDIO, "Delete my data")] {
        connect(&mut ann, account).await;
        let listed = home(&example, &mut ann).await;
        assert!(listed.contains(account), "{listed}");
        ann.press(CONNECT).await;
        let told = ann.press_with(button, &[("account", account)]).await.response.text();
        assert!(told.contains("The app answered 200"), "{told}");
        let left = home(&example, &mut ann).await;
        assert!(left.contains("You have not connected an account"), "{left}");
    }
}

/// A page elsewhere cannot make its visitors one of its own users, to whom they would then connect
/// their accounts.
pub async fn no_foreign_page_enters_for_its_visitors(program: &str) {
    let example = Example::start(program, &[]);
    let foreign = "https://foreign.example";
    for (path, body) in [("/enter", "name=mallory"), ("/leave", ""), ("/disconnect", "account=1")] {
        for headers in [
            [("sec-fetch-site", "cross-site"), ("origin", foreign)],
            [("sec-fetch-site", "same-site"), ("origin", example.origin.as_str())],
            [("x-older-browser", "1"), ("origin", foreign)],
            [("x-older-browser", "1"), ("origin", "null")],
            [("x-older-browser", "1"), ("origin", "http:")],
        ] {
            let answer = posted(&example, path, &headers, body).await;
            let seen = (answer.status, answer.all("set-cookie").len());
            assert_eq!(seen, (403, 0), "{path} {headers:?}: {}", answer.describe());
        }
    }
    for headers in [
        [("sec-fetch-site", "same-origin"), ("origin", "null")],
        [("x-older-browser", "1"), ("origin", example.origin.as_str())],
    ] {
        let answer = posted(&example, "/enter", &headers, "name=ann").await;
        assert_eq!(answer.status, 303, "{headers:?}: {}", answer.describe());
    }
    for name in [String::new(), "x".repeat(65), "x".repeat(5_000)] {
        let answer = posted(&example, "/enter", &[], &format!("name={name}")).await;
        assert_eq!(answer.status, 400, "{} bytes: {}", name.len(), answer.describe());
    }
}

async fn posted(
    example: &Example,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> crate::browser::Response {
    let address = example.origin.trim_start_matches("http://");
    let common = [("host", address), ("content-type", "application/x-www-form-urlencoded")];
    let lines: Vec<_> = common
        .iter()
        .chain(headers)
        .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect();
    crate::browser::send(address, "POST", path, &lines, body.as_bytes()).await
}

/// The token goes before the row: a store that fails leaves both, and a button to try again.
/// `run_sql` runs statements on a SQLite file.
pub async fn an_account_stays_listed_while_its_token_cannot_be_forgotten(
    program: &str,
    run_sql: impl Fn(&str, &str),
) {
    let file = std::env::temp_dir().join(format!("igo-connect-{}.db", std::process::id()));
    let file = file.to_str().expect("a path of text").to_owned();
    let url = format!("sqlite:{file}");
    let secret = "FAKE-cookie-secret-of-the-connect-example-0123456789";
    let environment = [("DATABASE_URL", url.as_str()), ("INSTAGRAM_COOKIE_SECRETS", secret)];
    let example = Example::start(program, &environment);
    let mut ann = entered(&example, "ann").await;
    connect(&mut ann, STUDIO).await;
    home(&example, &mut ann).await;
    run_sql(
        &file,
        "CREATE TRIGGER broken BEFORE DELETE ON ig_oauth_accounts \
         BEGIN SELECT RAISE(ABORT, 'broken'); END",
    );
    let refused = ann.press("Disconnect @simulated.studio").await.response.status;
    assert_eq!(refused, 503);
    assert!(home(&example, &mut ann).await.contains(STUDIO), "still in the list");
    run_sql(&file, "DROP TRIGGER broken");
    ann.press("Disconnect @simulated.studio").await;
    assert!(home(&example, &mut ann).await.contains("You have not connected"));
    drop(example);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{file}{end}"));
    }
}

/// Nothing is started by a cross-site GET, by a link for another user, or by an anonymous visitor.
pub async fn no_foreign_page_connects_anything(program: &str) {
    let example = Example::start(program, &[("SESSION_SAME_SITE", "lax")]);
    let ann = entered(&example, "ann").await;
    let login = example.url("/auth/instagram/login");
    let plain = ann.clone().step(&login).await;
    assert_eq!((plain.status, plain.all("set-cookie").len()), (200, 0), "{}", plain.describe());
    assert!(plain.text().contains("<form method=\"post\""), "a page with one button");
    let visitor = Browser::new().step(&login).await;
    assert_eq!(visitor.status, 401, "{}", visitor.describe());
    // Ann's link in Bob's browser shows a button and starts nothing.
    let forms = crate::browser::forms(&ann.page().response.text());
    let action = forms.iter().map(|form| &form.action).find(|action| action.contains("options="));
    let link = example.url(action.expect("a link of Ann's").as_str());
    let mut bob = entered(&example, "bob").await;
    let shown = bob.step(&link).await;
    assert_eq!((shown.status, shown.all("set-cookie").len()), (200, 0), "{}", shown.describe());
    let started = ann.clone().step(&link).await;
    assert_eq!(started.status, 303, "in her own it starts: {}", started.describe());
}

/// A word it does not know is not taken for another.
pub fn a_word_it_does_not_know_is_named(program: &str) {
    let mut command = crate::program::command(program, &[("SESSION_SAME_SITE", "laxx")]);
    let output = command.output().expect("the example runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("SESSION_SAME_SITE is `laxx`"), "{text}");
}

/// The commands of the guide to app review: signed requests made by hand.
pub async fn the_commands_of_the_guide_work(program: &str) {
    let missing: Vec<_> =
        ["curl", "openssl"].into_iter().filter(|tool| !is_installed(tool)).collect();
    if !missing.is_empty() {
        let wish = format!("{missing:?} not installed, so the guide's commands are not typed");
        assert!(std::env::var_os("REQUIRE_SERVERS").is_none_or(|value| value != "1"), "{wish}");
        // Bypasses the test harness, which hides the output of passing tests.
        let _ = writeln!(std::io::stderr(), "LEFT OUT: {wish}");
        return;
    }
    let guide = documents::top().join("docs/app-review.md");
    let text = std::fs::read_to_string(&guide).expect("the guide");
    let (_, secret) = text.split_once("INSTAGRAM_CLIENT_SECRET=").expect("the simulator's secret");
    let secret = secret.split('`').next().unwrap_or_default();
    let blocks = documents::shell_blocks(&guide);
    let block = blocks.into_iter().find(|block| block.contains("openssl")).expect("the block");
    let example = Example::start(program, &[]);
    let origin = example.origin.clone();
    let mut shell = Command::new("sh");
    shell.args(["-euc", &block]).env("APP", origin).env("INSTAGRAM_CLIENT_SECRET", secret);
    let typed = tokio::task::spawn_blocking(move || shell.output()).await.expect("a thread");
    let typed = typed.expect("a shell");
    let said = String::from_utf8_lossy(&typed.stdout).into_owned();
    assert!(typed.status.success(), "{said}{}", String::from_utf8_lossy(&typed.stderr));
    assert!(said.starts_with("{\"confirmation_code\":\""), "{said}");
    assert_eq!(said.matches("confirmation_code").count(), 1, "{said}");
    assert!(said.contains("{\"error\":\"invalid_signed_request\""), "{said}");
}

fn is_installed(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(tool).is_file())
}
