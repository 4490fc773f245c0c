//! Calls to the provider's API with a token: profile, GETs, errors, and scopes that are missing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod support;

use std::error::Error as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ig_oauth_common::adapter::Request;
use ig_oauth_common::hooks::Reply;
use ig_oauth_common::http::{HttpRequest, HttpResponse};
use ig_oauth_common::{Api, ApiError, ApiErrorKind, Profile, Scope, Scopes, Token};
use support::{Lines, Site, body, header, state_of};

const TOKEN: &str = "FAKE-access-token-MARKER";

/// What the provider answers to graph calls, one after the other, and the URLs it was asked.
#[derive(Clone, Default)]
struct Graph {
    answers: Arc<Mutex<Vec<HttpResponse>>>,
    urls: Arc<Mutex<Vec<String>>>,
}

impl Graph {
    async fn answer(self, request: HttpRequest) -> HttpResponse {
        if request.form.is_some() {
            let body = format!(r#"{{"access_token":"{TOKEN}","user_id":1}}"#);
            return HttpResponse::new(200, body.into_bytes());
        }
        self.urls.lock().unwrap().push(request.url.to_owned());
        self.answers.lock().unwrap().remove(0)
    }
}

/// A token whose calls get these answers.
async fn token(api: Api, answers: Vec<HttpResponse>) -> (Token, Graph) {
    let graph = Graph { answers: Arc::new(Mutex::new(answers)), ..Graph::default() };
    let client = graph.clone();
    let mut site = Site::with(|builder| {
        builder.api(api).http_client(move |request| {
            let graph = client.clone();
            async move { Ok(graph.answer(request).await) }
        })
    });
    site.log_in().await;
    (site.session(&[]).await.0.unwrap(), graph)
}

fn ok(body: &str) -> HttpResponse {
    HttpResponse::new(200, body.as_bytes().to_vec())
}

fn error(status: u16, code: i64, subcode: Option<i64>, message: &str) -> HttpResponse {
    let body = serde_json::json!({ "error": {
        "message": message, "type": "OAuthException", "code": code, "error_subcode": subcode,
    }});
    HttpResponse::new(status, body.to_string().into_bytes())
}

async fn profile(answer: &str) -> Result<Profile, ApiError> {
    token(Api::InstagramLogin, vec![ok(answer)]).await.0.profile().await
}

#[tokio::test]
async fn profiles_are_read_in_every_shape_that_was_seen() {
    let whole = r#"{"id":"28978671838402975","user_id":17841477965412211,"username":"bakery",
        "name":"The \"Bakery\"","account_type":"Media_Creator","profile_picture_url":"https://x.example/p.jpg",
        "followers_count":12,"follows_count":"34","media_count":56,"new_field":{"a":[]}}"#;
    for answer in [whole.to_owned(), format!(r#"{{"data":[{whole}]}}"#)] {
        let profile = profile(&answer).await.unwrap();
        assert_eq!(profile.app_scoped_id.unwrap().as_str(), "28978671838402975");
        assert_eq!(profile.professional_account_id.unwrap().as_str(), "17841477965412211");
        assert_eq!(profile.username, "bakery");
        assert_eq!(profile.name.as_deref(), Some("The \"Bakery\""));
        assert_eq!(profile.account_type.unwrap().as_str(), "MEDIA_CREATOR");
        assert_eq!(profile.profile_picture_url.as_deref(), Some("https://x.example/p.jpg"));
        assert_eq!(profile.followers_count, Some(12));
        assert_eq!(profile.follows_count, Some(34));
        assert_eq!(profile.media_count, Some(56));
    }
    // Little is certain but the user name.
    let least =
        profile(r#"{"username":"x","name":"","profile_picture_url":"javascript:alert(1)"}"#);
    let least = least.await.unwrap();
    assert_eq!((least.name, least.profile_picture_url), (None, None));
    assert_eq!((least.app_scoped_id, least.professional_account_id), (None, None));
    assert_eq!((least.followers_count, least.account_type), (None, None));
    let other = profile(r#"{"username":"x","account_type":"Alien"}"#).await.unwrap();
    assert_eq!(other.account_type.unwrap().as_str(), "Alien");
    for answer in
        ["{}", "[]", "<html>", r#"{"data":[]}"#, r#"{"username":""}"#, r#"{"username":7}"#]
    {
        let error = profile(answer).await.unwrap_err();
        assert_eq!(error.kind(), ApiErrorKind::MalformedAnswer, "{answer}");
    }
}

#[tokio::test]
async fn a_profile_without_the_refused_field_is_better_than_none() {
    let refused = error(400, 100, None, "Tried accessing nonexisting field (user_id)");
    let answers = vec![refused, ok(r#"{"id":"7","username":"bakery"}"#)];
    let (token, graph) = token(Api::InstagramLogin, answers).await;
    assert_eq!(token.profile().await.unwrap().username, "bakery");
    let urls = graph.urls.lock().unwrap().clone();
    assert!(urls[0].contains("fields=id%2Cuser_id%2C"), "{urls:?}");
    assert!(urls[1].contains("fields=id%2Cusername&"), "{urls:?}");
}

#[tokio::test]
async fn each_api_is_asked_for_the_fields_it_has() {
    for (api, has_user_id) in [(Api::InstagramLogin, true), (Api::BasicDisplay, false)] {
        let (token, graph) = token(api, vec![ok(r#"{"username":"x"}"#)]).await;
        token.profile().await.unwrap();
        let url = graph.urls.lock().unwrap()[0].clone();
        assert!(url.starts_with("https://graph.instagram.com/me?fields="), "{url}");
        assert_eq!(url.contains("user_id"), has_user_id, "{url}");
        assert!(url.ends_with(&format!("&access_token={TOKEN}")), "{url}");
    }
}

#[derive(Debug, serde::Deserialize)]
struct Media {
    data: Vec<Medium>,
}

#[derive(Debug, serde::Deserialize)]
struct Medium {
    id: String,
}

#[tokio::test]
async fn media_are_listed_without_assembling_a_url() {
    let (token, graph) = token(Api::InstagramLogin, vec![ok(r#"{"data":[{"id":"1"}]}"#)]).await;
    let fields = [("fields", "id,caption"), ("after", "a&b=c")];
    let media: Media = token.get("v25.0/me/media", &fields).await.unwrap();
    assert_eq!(media.data[0].id, "1");
    let url = graph.urls.lock().unwrap()[0].clone();
    let expected = "https://graph.instagram.com/v25.0/me/media?fields=id%2Ccaption&after=a%26b%3Dc";
    assert!(url.starts_with(expected), "{url}");
}

#[tokio::test]
async fn a_path_or_parameter_that_could_lead_elsewhere_is_refused_before_it_is_sent() {
    let (token, graph) = token(Api::InstagramLogin, Vec::new()).await;
    for path in ["https://evil.example/", "//evil.example", "/me", "me/../x", "me?x", "me#", ""] {
        let error = token.get::<Media>(path, &[]).await.unwrap_err();
        assert_eq!(error.kind(), ApiErrorKind::InvalidRequest, "{path}");
        assert!(error.source().unwrap().to_string().contains("relative"), "{path}");
    }
    // The Graph API takes `method` for the method of the request.
    for name in ["Access_Token", "method", "Method"] {
        let error = token.get::<Media>("me", &[(name, "delete")]).await.unwrap_err();
        assert_eq!(error.kind(), ApiErrorKind::InvalidRequest, "{name}");
    }
    assert!(graph.urls.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_providers_errors_say_what_to_do() {
    use ApiErrorKind as Kind;
    let unsupported = "Unsupported request - method type: get";
    for (answer, kind, status, advice) in [
        (error(400, 190, Some(463), "Session has expired"), Kind::TokenInvalid, 401, "expired"),
        (error(400, 190, Some(460), "changed"), Kind::TokenInvalid, 401, "changed the password"),
        (error(400, 190, Some(458), "x"), Kind::TokenInvalid, 401, "removed the app"),
        (error(401, 102, None, "x"), Kind::TokenInvalid, 401, "only a new login helps"),
        (error(403, 10, None, "x"), Kind::PermissionDenied, 403, ""),
        (error(403, 200, None, "x"), Kind::PermissionDenied, 403, ""),
        (error(403, 299, None, "x"), Kind::PermissionDenied, 403, ""),
        (error(400, 100, None, unsupported), Kind::Unsupported, 500, "tester invitation"),
        (error(400, 100, None, "nonexisting field"), Kind::InvalidRequest, 500, ""),
        (error(400, 100, None, "(#100) param scope is no"), Kind::InvalidRequest, 500, ""),
        (error(400, 100, None, "missing client secret"), Kind::InvalidRequest, 500, ""),
        (error(400, 4, None, "x"), Kind::Throttled, 503, ""),
        (error(403, 80_002, None, "x"), Kind::Throttled, 503, ""),
        (error(400, 2, None, "x"), Kind::Unreachable, 503, ""),
        (error(500, 300, None, "x"), Kind::Unreachable, 503, ""),
        (error(400, 36_000, None, "x"), Kind::Rejected, 500, ""),
        (HttpResponse::new(502, b"<html>".to_vec()), Kind::Unreachable, 503, ""),
        (HttpResponse::new(400, b"<html>".to_vec()), Kind::Rejected, 500, "blocks this server"),
        (HttpResponse::new(302, Vec::new()), Kind::MalformedAnswer, 503, ""),
        (ok(r#"{"data":7}"#), Kind::MalformedAnswer, 503, ""),
        // An error that pretends to be none.
        (error(200, 190, None, "x"), Kind::TokenInvalid, 401, "only a new login helps"),
    ] {
        let described = format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body));
        let (token, _) = token(Api::InstagramLogin, vec![answer]).await;
        let error = token.get::<Media>("me/media", &[]).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (kind, status), "{described}");
        let given = error.rejection().and_then(|rejection| rejection.advice).unwrap_or_default();
        assert!(given.contains(advice), "{advice} in {given}: {described}");
        assert_eq!(given.is_empty(), advice.is_empty(), "{given}: {described}");
        assert!(!format!("{error:?} {error}").contains(TOKEN));
    }
}

/// A provider, or a gateway before it, that echoes its requests.
#[tokio::test]
async fn a_token_that_is_echoed_reaches_no_error() {
    let url = format!("GET https://graph.instagram.com/me?access_token={TOKEN} failed");
    for message in [url.as_str(), TOKEN, "other-token-IGAAx0x0x0x0x0x0x0x0x0x0"] {
        for code in [190, 100, 4, 10, 1, 36_000] {
            let (token, _) =
                token(Api::InstagramLogin, vec![error(400, code, None, message)]).await;
            let error = token.get::<Media>("me/media", &[]).await.unwrap_err();
            let mut shown = format!("{error} {error:?} {token:?}");
            let mut source = error.source();
            while let Some(cause) = source {
                shown.push_str(&format!(" {cause} {cause:?}"));
                source = cause.source();
            }
            for secret in [TOKEN, "IGAAx0x0", "https://"] {
                assert!(!shown.contains(secret), "{secret} in {shown}");
            }
        }
    }
    let answer = ok(&format!(r#"{{"data":"{TOKEN}"}}"#));
    let (token, _) = token(Api::InstagramLogin, vec![answer]).await;
    let error = token.get::<Media>("me/media", &[]).await.unwrap_err();
    assert!(!format!("{error:?}").contains(TOKEN), "a parser's error quotes the answer");
}

#[tokio::test]
async fn a_throttled_call_names_the_wait_of_the_providers_header() {
    let usage = |minutes: &str| {
        Some(format!(
            r#"{{"1":[{{"type":"a","estimated_time_to_regain_access":{minutes}}},{{"type":"b"}}],"2":[]}}"#
        ))
    };
    for (retry_after_seconds, usage, wait) in [
        (None, None, None),
        (Some(30), None, Some(30)),
        (None, usage("19"), Some(19 * 60)),
        (Some(0), usage("19"), Some(19 * 60)),
        (Some(0), None, None),
        (None, usage("0"), None),
        (None, usage("18446744073709551615"), Some(24 * 60 * 60)),
        (None, Some("nonsense".to_owned()), None),
    ] {
        let mut answer = error(400, 4, None, "Application request limit reached");
        (answer.retry_after_seconds, answer.usage) = (retry_after_seconds, usage);
        let (token, _) = token(Api::InstagramLogin, vec![answer]).await;
        let error = token.get::<Media>("me/media", &[]).await.unwrap_err();
        assert_eq!(error.kind(), ApiErrorKind::Throttled);
        assert_eq!(error.retry_after(), wait.map(Duration::from_secs));
    }
}

#[tokio::test]
async fn an_answer_of_more_than_a_mebibyte_is_refused() {
    for (bytes, fits) in [(1024 * 1024, true), (1024 * 1024 + 1, false)] {
        let filler = " ".repeat(bytes - r#"{"data":[]}"#.len());
        let answer = ok(&format!(r#"{{"data":[]}}{filler}"#));
        let (token, _) = token(Api::InstagramLogin, vec![answer]).await;
        let answer = token.get::<Media>("me/media", &[]).await;
        assert_eq!(
            answer.map(drop).map_err(|error| error.kind()),
            match fits {
                true => Ok(()),
                false => Err(ApiErrorKind::OversizeAnswer),
            }
        );
    }
}

fn ask(site: &Site, token: &Token, scopes: impl Into<Scopes>, accept: &str) -> Result<(), Reply> {
    let lines = site.header_lines(&[("accept", accept)]);
    let lines = Lines(&lines);
    let request = site.flow.attach(&lines);
    let asked = Request::new("GET", "/publish", &lines).with_query(Some("a=b"));
    request.require_scopes(&request.caller(&asked), token, &scopes.into())
}

#[tokio::test]
async fn a_missing_scope_is_a_403_with_a_link_that_asks_for_it() {
    let mut site = Site::new();
    site.provider.answers(
        200,
        format!(
            r#"{{"access_token":"{TOKEN}","user_id":1,"permissions":"instagram_business_basic"}}"#
        ),
    );
    site.log_in().await;
    let token = site.session(&[]).await.0.unwrap();
    assert!(ask(&site, &token, [], "*/*").is_ok());
    assert!(ask(&site, &token, [Scope::InstagramBusinessBasic], "*/*").is_ok());

    let wanted = [Scope::InstagramBusinessBasic, Scope::InstagramBusinessContentPublish];
    let reply = ask(&site, &token, wanted.clone(), "application/json").unwrap_err();
    assert_eq!((reply.status(), header(&reply, "cache-control")), (403, Some("no-store")));
    let json: serde_json::Value = serde_json::from_str(&body(&reply)).unwrap();
    assert_eq!(json["error"], "missing_permission");
    assert_eq!(json["missing"], serde_json::json!(["instagram_business_content_publish"]));
    let link = json["login_url"].as_str().unwrap().to_owned();

    // Never a redirect: the user decides.
    let page = ask(&site, &token, wanted, "text/html").unwrap_err();
    assert_eq!(page.status(), 403);
    assert!(body(&page).contains("<code>instagram_business_content_publish</code>"));
    assert!(body(&page).contains("href=\"/auth/instagram/login?options="));

    let start = site.get(&link).await;
    let window = header(&start, "location").unwrap();
    assert!(window.contains("instagram_business_content_publish"), "{window}");
    let state = state_of(&start);
    site.provider.answers(
        200,
        format!(
            r#"{{"access_token":"{TOKEN}","user_id":1,
                "permissions":["instagram_business_basic","instagram_business_content_publish"]}}"#
        ),
    );
    let landed = site.call_back(&state).await;
    assert_eq!(header(&landed, "location"), Some("/publish?a=b#"));
    let token = site.session(&[]).await.0.unwrap();
    assert!(ask(&site, &token, [Scope::InstagramBusinessContentPublish], "*/*").is_ok());
}

#[tokio::test]
async fn a_scope_of_another_api_still_gets_an_answer() {
    let mut site = Site::new();
    site.log_in().await;
    let token = site.session(&[]).await.0.unwrap();
    let reply = ask(&site, &token, [Scope::UserMedia], "application/json").unwrap_err();
    let json: serde_json::Value = serde_json::from_str(&body(&reply)).unwrap();
    assert_eq!(json["login_url"], "/auth/instagram/login");
}
