//! Behaviour of the live service by public reports, beyond Meta's pages.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use ig_oauth_fake_instagram::{Api, Endpoint, FakeInstagram, Fault};
use reqwest::{Client, Response, redirect};
use serde_json::{Value, json};

const REDIRECT_URI: &str = "https://app.example/auth/";
const BASIC: &str = "instagram_business_basic";
const ID: &str = "17841458366137975";
const PROFESSIONAL_ID: &str = "17841477965412211";

fn client() -> Client {
    Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap()
}

fn provider() -> FakeInstagram {
    let builder = FakeInstagram::builder().redirect_uri(REDIRECT_URI).time(1_800_000_000);
    builder.start_blocking().unwrap()
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn get(url: &str) -> Response {
    client().get(url).send().await.unwrap()
}

async fn window(provider: &FakeInstagram, path: &str, changed: &[(&str, &str)]) -> Response {
    let mut pairs = vec![
        ("client_id", provider.client_id()),
        ("redirect_uri", REDIRECT_URI),
        ("scope", BASIC),
        ("response_type", "code"),
        ("state", "a-state"),
    ];
    pairs.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
    pairs.extend(changed);
    get(&format!("http://{}{path}?{}", provider.address(), encoded(&pairs))).await
}

fn location(response: &Response) -> &str {
    response.headers()["location"].to_str().unwrap()
}

/// The exchange with these fields in place of the right ones.
async fn exchange(provider: &FakeInstagram, code: &str, changed: &[(&str, &str)]) -> (u16, Value) {
    let mut fields = vec![
        ("client_id", provider.client_id()),
        ("client_secret", provider.client_secret()),
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT_URI),
        ("code", code),
    ];
    fields.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
    fields.extend(changed);
    let answer = client().post(provider.token_url()).form(&fields).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn token(provider: &FakeInstagram, scopes: &str) -> String {
    let code = provider.issue_code(REDIRECT_URI, scopes);
    let (status, body) = exchange(provider, &code, &[]).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

async fn graph(provider: &FakeInstagram, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
    let answer = get(&format!("{}{path}?{}", provider.graph_url(), encoded(query))).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn each_kind_of_code_is_refused_in_the_live_endpoints_words_before_the_secret_is_looked_at() {
    const VALIDATING: &str = "Error validating verification code. Please make sure your \
                              redirect_uri is identical to the one you used in the OAuth dialog \
                              request";
    let (provider, other) = (provider(), provider_of_another_app());
    let spent = provider.issue_code(REDIRECT_URI, BASIC);
    assert_eq!(exchange(&provider, &spent, &[]).await.0, 200);
    let foreign = other.issue_code(REDIRECT_URI, BASIC);
    let fresh = provider.issue_code(REDIRECT_URI, BASIC);
    let cut = fresh.get(..fresh.len() - 4).unwrap();
    let expired = provider.issue_code(REDIRECT_URI, BASIC);
    let elsewhere = ("redirect_uri", "https://app.example/auth");
    provider.advance(std::time::Duration::from_secs(3_601));
    let good = provider.issue_code(REDIRECT_URI, BASIC);
    for (code, changed, words) in [
        ("made-up", None, "Invalid authorization code"),
        (&spent, None, "This authorization code has been used"),
        (&foreign, None, VALIDATING),
        (cut, None, VALIDATING),
        (&good, Some(elsewhere), VALIDATING),
        (&expired, None, "Matching code was not found or was already used"),
        (&good, Some(("client_id", "1")), "Missing required field client_id"),
    ] {
        for secret in [None, Some(("client_secret", "made-up"))] {
            let changed: Vec<_> = changed.into_iter().chain(secret).collect();
            // The wrong redirect URI uses the code, so each round has its own.
            let own = provider.issue_code(REDIRECT_URI, BASIC);
            let code = if code == good { own.as_str() } else { code };
            let (status, body) = exchange(&provider, code, &changed).await;
            let expected =
                json!({ "error_type": "OAuthException", "code": 400, "error_message": words });
            assert_eq!((status, body), (400, expected), "{code} {changed:?}");
        }
    }
    let wrong = exchange(&provider, &good, &[("client_secret", "made-up")]).await;
    assert_eq!(wrong.1["error"]["message"], "Error validating client secret.");
    assert_eq!(exchange(&provider, &good, &[]).await.0, 200, "a wrong secret spends no code");
}

fn provider_of_another_app() -> FakeInstagram {
    let builder = FakeInstagram::builder().client_id("7").redirect_uri(REDIRECT_URI);
    builder.start_blocking().unwrap()
}

#[tokio::test]
async fn basic_credentials_are_ignored_beside_the_body_and_fail_alone() {
    let provider = provider();
    let code = provider.issue_code(REDIRECT_URI, BASIC);
    let rest = [
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT_URI),
        ("code", code.as_str()),
    ];
    let post = || client().post(provider.token_url());
    let alone = post().basic_auth(provider.client_id(), Some(provider.client_secret()));
    let alone = alone.form(&rest).send().await.unwrap();
    assert_eq!(alone.status(), 400);
    assert!(alone.text().await.unwrap().contains("Missing required field client_id"));
    let credentials =
        [("client_id", provider.client_id()), ("client_secret", provider.client_secret())];
    let both: Vec<_> = credentials.into_iter().chain(rest).collect();
    let beside = post().basic_auth("someone", Some("else")).form(&both).send().await.unwrap();
    assert_eq!(beside.status(), 200);
}

#[tokio::test]
async fn a_user_is_read_by_both_ids_and_nobody_else_is() {
    let provider = provider();
    let token = token(&provider, BASIC).await;
    let fields = [("fields", "username,user_id"), ("access_token", token.as_str())];
    let me = graph(&provider, "/me", &fields).await;
    assert_eq!((me.0, &me.1["username"]), (200, &json!("simulated.bakery")));
    for path in [ID, PROFESSIONAL_ID] {
        assert_eq!(graph(&provider, &format!("/{path}"), &fields).await, me);
        assert_eq!(graph(&provider, &format!("/v25.0/{path}"), &fields).await, me);
        let media = graph(&provider, &format!("/{path}/media"), &[fields[1]]).await;
        assert_eq!((media.0, media.1["data"].as_array().unwrap().len()), (200, 25));
    }
    // The other account exists, but this token has no access to it.
    for path in ["/27640875392278831", "/27640875392278831/media", "/1", "/999999999999999999999"] {
        let (status, body) = graph(&provider, path, &[fields[1]]).await;
        let seen = (status, &body["error"]["code"], &body["error"]["error_subcode"]);
        assert_eq!(seen, (400, &json!(100), &json!(33)), "{path}: {body}");
    }
    assert_eq!(graph(&provider, &format!("/{ID}"), &[]).await.1["error"]["code"], 190);
    assert_eq!(provider.count(Endpoint::Node), 8);
}

/// Clients that send one parameter per field work with the live service.
#[tokio::test]
async fn the_last_of_several_fields_parameters_counts_and_the_id_always_comes() {
    let provider = provider();
    let token = token(&provider, BASIC).await;
    let several = [("fields", "id"), ("fields", "username"), ("access_token", token.as_str())];
    let (_, body) = graph(&provider, "/me", &several).await;
    assert_eq!(body, json!({ "id": ID, "username": "simulated.bakery" }));
    let (_, body) = graph(&provider, "/me/media", &[("limit", "1"), several[0], several[2]]).await;
    assert_eq!(body["data"][0].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn cursors_are_opaque_and_lead_through_all_media_once() {
    let provider = provider();
    let token = token(&provider, BASIC).await;
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let query = [("limit", "20"), ("after", after.as_str()), ("access_token", &token)];
        let (status, body) = graph(&provider, "/me/media", &query).await;
        assert_eq!(status, 200, "{body}");
        let ids = body["data"].as_array().unwrap().iter();
        seen.extend(ids.map(|medium| medium["id"].as_str().unwrap().to_owned()));
        let cursor = body["paging"]["cursors"]["after"].as_str().unwrap();
        assert!(cursor.len() > 20 && cursor.parse::<u64>().is_err(), "{cursor}");
        if body["paging"].get("next").is_none() {
            break;
        }
        cursor.clone_into(&mut after);
    }
    let mut once = seen.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (56, 56));
    let (status, body) =
        graph(&provider, "/me/media", &[("after", "20"), ("access_token", &token)]).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(100)), "a number is no cursor");
    // A single medium with its fields.
    let path = format!("/{}", seen[3]);
    let query = [("fields", "caption,permalink"), ("access_token", token.as_str())];
    let (status, body) = graph(&provider, &path, &query).await;
    assert_eq!((status, &body["caption"]), (200, &json!("A simulated post, number 4")));
    let query = [("fields", "no_such_field"), ("access_token", token.as_str())];
    assert_eq!(graph(&provider, &path, &query).await.1["error"]["code"], 100);
}

#[tokio::test]
async fn media_without_its_permission_is_refused_as_seen() {
    let provider = provider();
    let token = token(&provider, "instagram_business_manage_comments").await;
    // The list by both paths, and its first medium.
    for path in ["/me/media", "/17841458366137975/media", "/17900366137975000"] {
        let (status, body) = graph(&provider, path, &[("access_token", &token)]).await;
        let error = &body["error"];
        let seen = (status, &error["code"], &error["type"], &error["message"]);
        let words = json!("Application does not have permission for this action");
        assert_eq!(seen, (403, &json!(10), &json!("IGApiException"), &words), "{path}");
    }
}

#[tokio::test]
async fn the_window_is_there_with_a_slash_at_its_end() {
    let provider = provider();
    for path in ["/oauth/authorize", "/oauth/authorize/"] {
        let shown = window(&provider, path, &[]).await;
        assert_eq!(shown.status(), 200, "{path}");
        assert!(shown.text().await.unwrap().contains("Allow"), "{path}");
    }
    assert_eq!(provider.count(Endpoint::Authorize), 2);
}

#[tokio::test]
async fn a_mistaken_setting_is_shown_beside_the_right_one_and_nothing_in_it_is_markup() {
    let provider = provider();
    for (name, got, shown) in [
        ("redirect_uri", "https://app.example/auth", "https://app.example/auth</code>"),
        ("redirect_uri", "https://app.example/<b>&", "https://app.example/&lt;b&gt;&amp;</code>"),
        ("client_id", "123", "<code>123</code>"),
        ("client_id", "\"><script>", "<code>&quot;&gt;&lt;script&gt;</code>"),
        ("response_type", "token", "<code>token</code>"),
    ] {
        let answer = window(&provider, "/oauth/authorize", &[(name, got)]).await;
        assert_eq!(answer.status(), 400);
        let text = answer.text().await.unwrap();
        let known = match name {
            "redirect_uri" => REDIRECT_URI,
            "client_id" => provider.client_id(),
            _ => "code",
        };
        assert!(text.contains(shown), "{name}: {text}");
        assert!(text.contains(&format!("<li><code>{known}</code></li>")), "{name}: {text}");
        assert!(!text.contains("<script>") && !text.contains("<b>"), "{text}");
    }
    let nothing = get(&format!("{}?response_type=code", provider.authorize_url())).await;
    assert!(nothing.text().await.unwrap().contains("It got nothing"));
}

#[tokio::test]
async fn loopback_is_what_a_browser_takes_for_it() {
    let builder = FakeInstagram::builder().any_loopback_redirect_uri();
    let provider = builder.start_blocking().unwrap();
    for (uri, status) in [
        ("http://127.0.0.1:3000/cb", 200),
        ("http://localhost/cb", 200),
        ("http://[::1]:1/cb", 200),
        ("http://127.0.0.1:80@evil.example/", 400),
        ("http://localhost:x@evil.example/", 400),
        ("http://user@127.0.0.1:3000/cb", 400),
        ("http://:secret@localhost:3000/cb", 400),
        ("http://localhost.evil.example/", 400),
        ("http://localhost:3000\\@evil.example/", 200),
        ("https://127.0.0.1/cb", 400),
        ("javascript://localhost/%0aalert(1)", 400),
        ("", 400),
    ] {
        let answer = window(&provider, "/oauth/authorize", &[("redirect_uri", uri)]).await;
        assert_eq!(answer.status(), status, "{uri}");
    }
}

#[tokio::test]
async fn a_cancel_carries_the_state_and_the_window_can_answer_with_another_error() {
    let provider = provider();
    let cancelled = window(&provider, "/oauth/authorize", &[("fake_decision", "cancel")]).await;
    assert!(location(&cancelled).ends_with("&state=a-state"), "{}", location(&cancelled));
    provider.set_window_answer(Some(&[("error", "server_error"), ("error_description", "a b")]));
    let failed = window(&provider, "/oauth/authorize", &[("fake_decision", "allow")]).await;
    let expected = format!("{REDIRECT_URI}?error=server_error&error_description=a+b&state=a-state");
    assert_eq!(location(&failed), expected);
    assert!(provider.issued_codes().is_empty());
    provider.set_window_answer(None);
    let allowed = window(&provider, "/oauth/authorize", &[("fake_decision", "allow")]).await;
    let code = provider.issued_codes().pop().unwrap();
    assert_eq!(location(&allowed), format!("{REDIRECT_URI}?code={code}&state=a-state#_"));
}

#[tokio::test]
async fn a_token_dies_for_the_reason_it_was_ended_for() {
    let provider = provider();
    let (first, second) = (token(&provider, BASIC).await, token(&provider, BASIC).await);
    provider.revoke_account(ID.parse().unwrap());
    let why = async |token: &str| {
        let (status, body) = graph(&provider, "/me", &[("access_token", token)]).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!(190)));
        body["error"]["error_subcode"].clone()
    };
    assert_eq!(why(&first).await, 458, "the user removed the app");
    provider.revoke_tokens();
    assert_eq!(why(&second).await, 460, "the user changed the password");
}

#[tokio::test]
async fn answers_that_were_seen_are_faults_to_choose() {
    let provider = provider();
    for (fault, status, content_type, words) in [
        (Fault::block_page(), 403, "text/html; charset=utf-8", "Sorry, this page isn't available"),
        (Fault::please_wait(), 403, "application/json", r#""status":"fail""#),
        (Fault::dead_token(Some(458)), 400, "application/json", r#""error_subcode":458"#),
        (Fault::dead_token(None), 400, "application/json", r#""code":190"#),
        (Fault::app_deactivated(), 200, "application/json", "API access deactivated"),
        (Fault::unsupported_request(), 400, "application/json", "Unsupported request"),
    ] {
        provider.set_fault(Endpoint::Me, fault);
        let answer = get(&format!("{}/me", provider.graph_url())).await;
        assert_eq!(answer.status(), status, "{words}");
        assert_eq!(answer.headers()["content-type"], content_type, "{words}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(words), "{text}");
    }
}

/// Exactly the guide's messages, where its API is simulated.
#[tokio::test]
async fn basic_display_refuses_codes_as_its_guide_does() {
    let builder = FakeInstagram::builder().api(Api::BasicDisplay).redirect_uri(REDIRECT_URI);
    let provider = builder.start_blocking().unwrap();
    let (status, body) = exchange(&provider, "made-up", &[]).await;
    let words = json!("Matching code was not found or was already used");
    assert_eq!((status, &body["error_message"]), (400, &words));
}

#[tokio::test]
async fn no_page_leaves_an_icon_error_in_the_console() {
    let provider = provider();
    for answer in [
        window(&provider, "/oauth/authorize", &[]).await,
        window(&provider, "/oauth/authorize", &[("client_id", "1")]).await,
        get(&format!("{}/", provider.graph_url())).await,
    ] {
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("img-src data:"), "{policy}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(r#"<link rel="icon" href="data:,">"#), "{page}");
        assert!(page.contains("<header><p class=\"banner\">"), "the banner is in a landmark");
    }
    let icon = get(&format!("{}/favicon.ico", provider.graph_url())).await;
    assert_eq!(icon.status(), 204, "for pages that are no HTML");
}

/// A user who only wants to log in must not remove the app by accident, not even with Enter:
/// browsers press a form's first button for it.
#[tokio::test]
async fn the_accounts_end_is_apart_from_the_logins_choice() {
    let provider = provider();
    let page = window(&provider, "/oauth/authorize", &[]).await.text().await.unwrap();
    let (login, apart) = page.split_once("<section").expect("a part of its own");
    for (button, is_apart) in
        [("Allow", false), ("Cancel", false), ("Remove app", true), ("Delete my data", true)]
    {
        let label = format!(">{button}</button>");
        assert_eq!((login.contains(&label), apart.contains(&label)), (!is_apart, is_apart));
    }
    assert!(login.split("<button").nth(1).unwrap().contains(">Allow</button>"), "the first one");
    let heading = apart.split_once("aria-labelledby=\"apart\"").expect("it has a name").1;
    assert!(heading.contains("<h2 id=\"apart\">"));
}
