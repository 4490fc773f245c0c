//! Compares the simulator with the guide and the facts it simulates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::time::Duration;

use ig_oauth_fake_instagram::{Account, Api, Endpoint, FakeInstagram, Fault, TokenShape};
use reqwest::{Client, Response, redirect};
use serde_json::{Value, json};

const REDIRECT_URI: &str = "https://app.example/auth/";
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const NOT_FOUND: &str = "Matching code was not found or was already used";

fn client() -> Client {
    Client::builder().redirect(redirect::Policy::none()).no_proxy().build().unwrap()
}

fn provider(api: Api) -> FakeInstagram {
    let builder = FakeInstagram::builder().api(api).redirect_uri(REDIRECT_URI).time(1_800_000_000);
    builder.start_blocking().unwrap()
}

fn window(provider: &FakeInstagram, change: impl Fn(&mut Vec<(String, String)>)) -> String {
    let scope = match provider.api() {
        Api::BasicDisplay => "user_profile,user_media",
        _ => "instagram_business_basic,instagram_business_manage_comments",
    };
    let mut pairs: Vec<(String, String)> = [
        ("client_id", provider.client_id()),
        ("redirect_uri", REDIRECT_URI),
        ("scope", scope),
        ("response_type", "code"),
        ("state", "a-state"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    change(&mut pairs);
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    // The window is on `localhost`; the same port of the address serves it too.
    format!("http://{}/oauth/authorize?{query}", provider.address())
}

fn set(pairs: &mut Vec<(String, String)>, name: &str, value: Option<&str>) {
    pairs.retain(|(present, _)| present != name);
    pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
}

async fn get(url: &str) -> Response {
    client().get(url).send().await.unwrap()
}

fn location(response: &Response) -> &str {
    response.headers()["location"].to_str().unwrap()
}

fn fields<'a>(provider: &'a FakeInstagram, code: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("client_id", provider.client_id()),
        ("client_secret", provider.client_secret()),
        ("grant_type", "authorization_code"),
        ("redirect_uri", REDIRECT_URI),
        ("code", code),
    ]
}

async fn exchange(provider: &FakeInstagram, fields: &[(&str, &str)]) -> (u16, Value) {
    let response = client().post(provider.token_url()).form(fields).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn short_token(provider: &FakeInstagram) -> String {
    let code = provider.issue_code(REDIRECT_URI, "instagram_business_basic");
    let (status, body) = exchange(provider, &fields(provider, &code)).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

async fn graph(provider: &FakeInstagram, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let response = get(&format!("{}{path}?{query}", provider.graph_url())).await;
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_mistake_in_the_authorization_request_never_redirects() {
    for (api, name, value, text) in [
        (Api::InstagramLogin, "client_id", Some("1"), "Invalid platform app"),
        (Api::InstagramLogin, "client_id", None, "Invalid platform app"),
        (
            Api::InstagramLogin,
            "redirect_uri",
            Some("https://app.example/auth"),
            "Invalid redirect_uri",
        ),
        (
            Api::InstagramLogin,
            "redirect_uri",
            Some("https://evil.example/"),
            "Invalid redirect_uri",
        ),
        (Api::InstagramLogin, "response_type", Some("token"), "Invalid response_type"),
        (Api::InstagramLogin, "scope", Some(""), "Invalid scope: []"),
        (Api::InstagramLogin, "scope", Some("basic"), "Invalid scope field(s): basic"),
        (
            Api::InstagramLogin,
            "scope",
            Some("user_profile"),
            "Invalid scope field(s): user_profile",
        ),
        (Api::BasicDisplay, "scope", Some("user_media"), "user_profile is required"),
        (
            Api::BasicDisplay,
            "scope",
            Some("user_profile,basic+likes"),
            "Invalid scope field(s): basic+likes",
        ),
    ] {
        let provider = provider(api);
        let url = window(&provider, |pairs| {
            set(pairs, name, value);
            set(pairs, "fake_decision", Some("allow"));
        });
        let response = get(&url).await;
        assert_eq!(response.status(), 400, "{name} {value:?}");
        assert!(response.headers().get("location").is_none());
        let body = response.text().await.unwrap();
        assert!(body.contains(text), "{name} {value:?}: {body}");
        assert!(provider.issued_codes().is_empty());
    }
}

#[tokio::test]
async fn scopes_may_be_separated_by_commas_or_spaces() {
    let provider = provider(Api::BasicDisplay);
    for scope in ["user_profile,user_media", "user_profile user_media"] {
        let url = window(&provider, |pairs| {
            set(pairs, "scope", Some(scope));
            set(pairs, "fake_decision", Some("allow"));
        });
        assert_eq!(get(&url).await.status(), 302, "{scope}");
    }
}

#[tokio::test]
async fn the_window_says_what_it_is_and_its_buttons_work() {
    let provider = provider(Api::InstagramLogin);
    let second = provider.accounts()[1].user_id().to_string();
    for (decision, expected) in [("allow", "code="), ("cancel", "error=access_denied")] {
        let page = get(&window(&provider, |_| {})).await;
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        for text in ["Simulator", "This is not Instagram", "Allow", "Cancel", "app.example"] {
            assert!(page.contains(text), "{text}");
        }
        let id = page.split("name=\"window\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = [("window", id), ("account", second.as_str()), ("decision", decision)];
        let url = format!("http://{}/oauth/authorize", provider.address());
        let answer = client().post(&url).form(&form).send().await.unwrap();
        assert_eq!(answer.status(), 302);
        assert!(location(&answer).starts_with(&format!("{REDIRECT_URI}?{expected}")));
        assert!(location(&answer).contains("&state=a-state"));
        // The window ends with its decision.
        let again = client().post(&url).form(&form).send().await.unwrap();
        assert_eq!(again.status(), 400);
    }
    // Only the fixed permission was left ticked, and the second account was chosen.
    let code = provider.issued_codes().pop().unwrap();
    let (_, body) = exchange(&provider, &fields(&provider, &code)).await;
    assert_eq!(body["user_id"].to_string(), second);
    assert_eq!(body["permissions"], json!(["instagram_business_basic"]));
}

#[tokio::test]
async fn the_redirects_are_those_of_the_guide() {
    let provider = provider(Api::BasicDisplay);
    let allow = get(&window(&provider, |pairs| set(pairs, "fake_decision", Some("allow")))).await;
    let code = provider.issued_codes().pop().unwrap();
    assert_eq!(location(&allow), format!("{REDIRECT_URI}?code={code}&state=a-state#_"));
    for (escapes, end) in [(true, "%23_"), (false, "#_")] {
        provider.set_escapes_fragment(escapes);
        let allow = window(&provider, |pairs| set(pairs, "fake_decision", Some("allow")));
        let answer = get(&allow).await;
        let code = provider.issued_codes().pop().unwrap();
        assert_eq!(location(&answer), format!("{REDIRECT_URI}?code={code}&state=a-state{end}"));
    }
    let cancel = window(&provider, |pairs| set(pairs, "fake_decision", Some("cancel")));
    let sample = "error=access_denied&error_reason=user_denied&\
                  error_description=The+user+denied+your+request";
    let answer = get(&cancel).await;
    assert_eq!(location(&answer), format!("{REDIRECT_URI}?{sample}&state=a-state"));
    provider.set_cancel_without_state(true);
    assert_eq!(location(&get(&cancel).await), format!("{REDIRECT_URI}?{sample}"));
}

#[tokio::test]
async fn a_code_is_spent_once_within_an_hour() {
    let provider = provider(Api::BasicDisplay);
    let code = provider.issue_code(REDIRECT_URI, "user_profile");
    let (status, body) = exchange(&provider, &fields(&provider, &code)).await;
    assert_eq!(status, 200);
    assert!(body["access_token"].as_str().unwrap().starts_with("FAKE-IG-SHORT-"));
    assert!(body.get("expires_in").is_none() && body.get("token_type").is_none());
    let rejected =
        json!({ "error_type": "OAuthException", "code": 400, "error_message": NOT_FOUND });
    let again = exchange(&provider, &fields(&provider, &code)).await;
    assert_eq!(again, (400, rejected.clone()));
    assert_eq!(exchange(&provider, &fields(&provider, "unknown")).await, (400, rejected.clone()));
    let old = provider.issue_code(REDIRECT_URI, "user_profile");
    provider.advance(HOUR + Duration::from_secs(1));
    assert_eq!(exchange(&provider, &fields(&provider, &old)).await, (400, rejected));
    let fresh = provider.issue_code(REDIRECT_URI, "user_profile");
    provider.advance(HOUR);
    assert_eq!(exchange(&provider, &fields(&provider, &fresh)).await.0, 200);
}

#[tokio::test]
async fn the_token_endpoint_rejects_what_the_live_one_rejects() {
    let provider = provider(Api::InstagramLogin);
    for (field, value, text) in [
        ("client_id", "1", "Missing required field client_id"),
        ("client_secret", "wrong", "Error validating client secret."),
        ("client_secret", "", "Missing required field client_secret"),
        ("grant_type", "password", "Invalid grant_type"),
        (
            "redirect_uri",
            "https://app.example/auth",
            "redirect_uri is identical to the one you used",
        ),
        ("code", "", "Missing required field code"),
    ] {
        let code = provider.issue_code(REDIRECT_URI, "instagram_business_basic");
        let mut fields = fields(&provider, &code);
        fields.iter_mut().filter(|(name, _)| *name == field).for_each(|pair| pair.1 = value);
        let (status, body) = exchange(&provider, &fields).await;
        assert_eq!(status, 400, "{field}");
        assert!(body.to_string().contains(text), "{field}: {body}");
    }
    // Only credentials in the body count.
    let code = provider.issue_code(REDIRECT_URI, "instagram_business_basic");
    let form = fields(&provider, &code);
    let basic = client()
        .post(provider.token_url())
        .basic_auth(provider.client_id(), Some(provider.client_secret()))
        .form(&form[2..])
        .send();
    assert_eq!(basic.await.unwrap().status(), 400);
    let url = format!("{}?client_secret={}", provider.token_url(), provider.client_secret());
    let without_secret: Vec<_> = form.iter().filter(|(name, _)| *name != "client_secret").collect();
    let in_query = client().post(url).form(&without_secret).send().await.unwrap();
    assert_eq!(in_query.status(), 400);
    assert_eq!(get(&provider.token_url()).await.status(), 400);
}

#[tokio::test]
async fn both_body_encodings_are_read() {
    let provider = provider(Api::InstagramLogin);
    let code = provider.issue_code(REDIRECT_URI, "instagram_business_basic");
    let mut form = reqwest::multipart::Form::new();
    for (name, value) in fields(&provider, &code) {
        form = form.text(name, value.to_owned());
    }
    let answer = client().post(provider.token_url()).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    let recorded = provider.requests().pop().unwrap();
    assert_eq!(recorded.field("code"), Some(code.as_str()));
    assert_eq!(recorded.endpoint(), Endpoint::CodeExchange);
}

#[tokio::test]
async fn every_shape_of_success_can_be_chosen_and_no_id_is_rounded() {
    let provider = provider(Api::InstagramLogin);
    let id = provider.accounts()[0].user_id();
    let scopes = ["instagram_business_basic", "instagram_business_manage_comments"];
    let text = scopes.join(",");
    for (shape, pointer, expected_id, permissions) in [
        (TokenShape::FlatNumberArray, "", json!(id), json!(scopes)),
        (TokenShape::WrappedStringIdCommaString, "/data/0", json!(id.to_string()), json!(text)),
        (TokenShape::WrappedNumberArray, "/data/0", json!(id), json!(scopes)),
        (TokenShape::FlatNumberCommaString, "", json!(id), json!(text)),
        (TokenShape::FlatNumberNoPermissions, "", json!(id), Value::Null),
        (
            TokenShape::Verbatim(
                r#"{"x":[{"access_token":"{token}","user_id":"{user_id}"}]}"#.into(),
            ),
            "/x/0",
            json!(id.to_string()),
            Value::Null,
        ),
    ] {
        provider.set_token_shape(shape.clone());
        let code = provider.issue_code(REDIRECT_URI, &text);
        let (status, body) = exchange(&provider, &fields(&provider, &code)).await;
        assert_eq!(status, 200);
        let fields = body.pointer(pointer).unwrap();
        assert_eq!(fields["user_id"], expected_id, "{shape:?}");
        assert_eq!(
            fields.get("permissions").cloned().unwrap_or_default(),
            permissions,
            "{shape:?}"
        );
        assert_eq!(fields["access_token"], provider.issued_tokens().pop().unwrap(), "{shape:?}");
    }
}

#[tokio::test]
async fn a_short_token_becomes_a_long_one_once_it_is_proven() {
    let provider = provider(Api::InstagramLogin);
    let short = short_token(&provider).await;
    let secret = provider.client_secret().to_owned();
    let exchange = async |token: &str, secret: &str| {
        let query = [
            ("grant_type", "ig_exchange_token"),
            ("client_secret", secret),
            ("access_token", token),
        ];
        graph(&provider, "/access_token", &query).await
    };
    let (status, body) = exchange(&short, &secret).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("bearer"), &json!(5_183_944)));
    let long = body["access_token"].as_str().unwrap().to_owned();
    assert!(long.starts_with("FAKE-IG-LONG-"));
    assert_eq!(exchange(&short, "wrong").await.1["error"]["code"], 1);
    assert_eq!(exchange(&long, &secret).await.0, 400, "a long one is no short one");
    assert_eq!(exchange("unknown", &secret).await.1["error"]["code"], 190);
    provider.advance(HOUR);
    assert_eq!(exchange(&short, &secret).await.1["error"]["error_subcode"], 463);
}

#[tokio::test]
async fn a_long_token_is_refreshed_between_a_day_and_its_end() {
    let provider = provider(Api::InstagramLogin);
    let short = short_token(&provider).await;
    let secret = provider.client_secret().to_owned();
    let query = [
        ("grant_type", "ig_exchange_token"),
        ("client_secret", &*secret),
        ("access_token", &*short),
    ];
    let (_, body) = graph(&provider, "/access_token", &query).await;
    let long = body["access_token"].as_str().unwrap().to_owned();
    let refresh = async |token: &str| {
        let query = [("grant_type", "ig_refresh_token"), ("access_token", token)];
        graph(&provider, "/refresh_access_token", &query).await
    };
    assert_eq!(refresh(&long).await.0, 400, "less than 24 hours old");
    assert_eq!(refresh(&short).await.0, 400, "a short one is not refreshed");
    provider.advance(DAY);
    let (status, body) = refresh(&long).await;
    assert_eq!((status, &body["expires_in"]), (200, &json!(5_183_944)));
    let newer = body["access_token"].as_str().unwrap().to_owned();
    provider.advance(60 * DAY);
    assert_eq!(refresh(&newer).await.1["error"]["error_subcode"], 463, "expired");
    let post = client().post(format!("{}/refresh_access_token", provider.graph_url())).send();
    let body: Value = post.await.unwrap().json().await.unwrap();
    assert_eq!(body["error"]["message"], "Unsupported request - method type: post");
}

#[tokio::test]
async fn the_profile_has_the_fields_that_were_asked_for() {
    let account = Account::new(27_640_875_392_278_831, "someone").professional_account_id(7);
    let builder = FakeInstagram::builder().redirect_uri(REDIRECT_URI).account(account);
    let provider = builder.start().await.unwrap();
    let token = short_token(&provider).await;
    let fields = "id,user_id,username,name,account_type";
    let (_, body) =
        graph(&provider, "/v25.0/me", &[("fields", fields), ("access_token", &token)]).await;
    let expected = json!({
        "id": "27640875392278831", "user_id": "7", "username": "someone", "account_type": "BUSINESS"
    });
    assert_eq!(body, expected, "without the name it does not have");
    let (_, body) = graph(&provider, "/me", &[("fields", "email"), ("access_token", &token)]).await;
    assert_eq!(body["error"]["code"], 100);
    let bearer = client().get(format!("{}/me", provider.graph_url())).bearer_auth(&token).send();
    assert_eq!(bearer.await.unwrap().status(), 200);
    provider.revoke_tokens();
    let (_, body) = graph(&provider, "/me", &[("access_token", &token)]).await;
    assert_eq!(
        (&body["error"]["code"], &body["error"]["error_subcode"]),
        (&json!(190), &json!(460))
    );
}

#[tokio::test]
async fn faults_come_when_they_are_set_and_go_when_they_are_cleared() {
    let provider = provider(Api::InstagramLogin);
    let url = format!("{}/me", provider.graph_url());
    provider.set_fault_times(Endpoint::Me, Fault::html(502), 2);
    let statuses = async || get(&url).await.status().as_u16();
    assert_eq!([statuses().await, statuses().await, statuses().await], [502, 502, 400]);
    provider.set_fault(Endpoint::Me, Fault::Redirect { status: 307, location: "/x".into() });
    assert_eq!(location(&get(&url).await), "/x");
    provider.set_fault(Endpoint::Me, Fault::Empty);
    assert_eq!(get(&url).await.text().await.unwrap(), "");
    provider.clear_faults();
    assert_eq!(statuses().await, 400);
    assert_eq!(provider.count(Endpoint::Me), 6);
}

/// Responses and faults are held back, and the calls are counted meanwhile.
#[tokio::test]
async fn an_answer_can_be_held_back_until_it_is_let_go() {
    let provider = provider(Api::InstagramLogin);
    let url = format!("{}/me", provider.graph_url());
    for fault in [None, Some(Fault::html(502)), Some(Fault::Raw(b"HTTP/1.1 504 x\r\n\r\n".into()))]
    {
        let expected = match &fault {
            None => 400,
            Some(Fault::Raw(_)) => 504,
            Some(_) => 502,
        };
        if let Some(fault) = fault {
            provider.set_fault(Endpoint::Me, fault);
        }
        let before = provider.count(Endpoint::Me);
        let held = provider.hold(Endpoint::Me);
        let wanted = url.clone();
        let call = tokio::spawn(async move { get(&wanted).await.status().as_u16() });
        while provider.count(Endpoint::Me) == before {
            tokio::task::yield_now().await;
        }
        let elsewhere = format!("{}/elsewhere", provider.graph_url());
        assert_eq!(get(&elsewhere).await.status(), 404, "other endpoints answer");
        assert!(!call.is_finished());
        drop(held);
        assert_eq!(call.await.unwrap(), expected);
    }
}
