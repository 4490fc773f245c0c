//! Section 8: the token endpoint's answers, good, odd and bad.

use crate::harness::Adapter;
use ig_oauth_fake_instagram::{Fault, TokenShape};

use crate::security::faults::{HEAD, exchange_only, is_unavailable, login_against, raw};
use crate::security::site::{Site, session_cookie};

pub async fn t_05_what_is_not_json_is_an_error_and_not_shown(adapter: &impl Adapter) {
    let site = Site::with(adapter, exchange_only()).await;
    let deep = "[".repeat(10_000);
    let deep_field = format!(r#"{{"access_token":"FAKE","user_id":1,"permissions":{deep}"#);
    for fault in [
        Fault::Status {
            status: 502,
            body: "<html><body><h1>Bad Gateway</h1></body></html>".to_owned(),
            content_type: "text/html".to_owned(),
        },
        Fault::html(200),
        Fault::Empty,
        Fault::json(200, "null"),
        Fault::json(200, "[]"),
        Fault::json(200, "\"x\""),
        Fault::json(200, "{}"),
        Fault::json(200, r#"{"access_token":"FAKE","user_"#),
        Fault::json(200, "\u{feff}{\"access_token\":\"FAKE\",\"user_id\":1}"),
        Fault::json(200, deep),
        Fault::json(200, deep_field),
        raw(&format!("{HEAD}connection: close\r\n"), b"{\"access_token\":\"\xff\",\"user_id\":1}"),
        raw(
            &format!("{HEAD}content-length: 500\r\n"),
            b"{\"access_token\":\"FAKE\",\"user_id\":1}",
        ),
        Fault::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec()),
    ] {
        let answer = login_against(&site, fault).await;
        is_unavailable(&answer);
        for told in ["Bad Gateway", "html><body", "FAKE", "SSH"] {
            assert!(
                !answer.text().replace("<html", "").contains(told),
                "{told}: {}",
                answer.text()
            );
        }
    }
}

pub async fn t_06_a_field_given_twice_is_an_error(adapter: &impl Adapter) {
    let site = Site::with(adapter, exchange_only()).await;
    for body in [
        r#"{"access_token":"a","access_token":"b","user_id":1}"#,
        r#"{"access_token":"a","user_id":1,"user_id":2}"#,
        r#"{"data":[{"access_token":"a","access_token":"b","user_id":1}]}"#,
    ] {
        is_unavailable(&login_against(&site, Fault::json(200, body)).await);
    }
}

pub async fn t_07_an_empty_or_odd_token_is_an_error(adapter: &impl Adapter) {
    let site = Site::with(adapter, exchange_only()).await;
    let long = format!("\"{}\"", "a".repeat(20_000));
    for token in ["", "null", "\"\"", "\" \"", r#""a\r\nX: y""#, &long, "1", "[]", "{}", "true"] {
        let field =
            if token.is_empty() { String::new() } else { format!(r#""access_token":{token},"#) };
        let body = format!(r#"{{{field}"user_id":1}}"#);
        is_unavailable(&login_against(&site, Fault::json(200, body)).await);
    }
}

pub async fn t_08_user_ids_are_exact_or_an_error(adapter: &impl Adapter) {
    let site = Site::with(adapter, exchange_only()).await;
    for (id, expected) in [
        ("17841458366137975", Some("17841458366137975")),
        ("\"17841458366137975\"", Some("17841458366137975")),
        ("18446744073709551615", Some("18446744073709551615")),
        ("1e400", None),
        ("17841458366137975.0", None),
        ("1.784e16", None),
        ("-1", None),
        ("1.5", None),
        ("true", None),
        ("null", None),
        ("\"1x\"", None),
        ("\"\"", None),
    ] {
        let shape = TokenShape::Verbatim(format!(r#"{{"access_token":"FAKE","user_id":{id}}}"#));
        site.app.provider.set_token_shape(shape);
        let attempt = site.start("").await;
        let answer = site.finish(&attempt).await;
        match expected {
            None => is_unavailable(&answer),
            Some(expected) => {
                let session = session_cookie(&answer).unwrap();
                assert_eq!(site.get("/", &session).await.text(), expected);
            }
        }
    }
}

pub async fn t_09_every_live_shape_is_understood(adapter: &impl Adapter) {
    let site = Site::with(adapter, exchange_only()).await;
    for shape in [
        TokenShape::FlatNumberArray,
        TokenShape::WrappedStringIdCommaString,
        TokenShape::WrappedNumberArray,
        TokenShape::FlatNumberCommaString,
        TokenShape::FlatNumberNoPermissions,
        TokenShape::Verbatim(
            r#"{"extra":{"a":[1]},"access_token":"{token}","user_id":"{user_id}","permissions":7}"#
                .to_owned(),
        ),
    ] {
        site.app.provider.set_token_shape(shape.clone());
        let session = site.log_in().await;
        assert_eq!(site.get("/", &session).await.text(), site.app.user_id(), "{shape:?}");
    }
}

pub async fn t_10_status_and_body_must_agree(adapter: &impl Adapter) {
    let site = Site::with(adapter, exchange_only()).await;
    let token = r#"{"access_token":"FAKE","user_id":1}"#;
    let both = r#"{"access_token":"FAKE","user_id":1,"error_type":"OAuthException","code":400,"error_message":"No"}"#;
    for (sent, body, status, code) in [
        (400, token, 503, "provider_unavailable"),
        (401, token, 503, "provider_unavailable"),
        (500, token, 503, "provider_unavailable"),
        (202, token, 503, "provider_unavailable"),
        (200, both, 500, "provider_rejected"),
    ] {
        let answer = login_against(&site, Fault::json(sent, body)).await;
        assert_eq!(answer.status, status, "{sent} {body}: {}", answer.describe());
        assert!(answer.text().contains(code), "{sent} {body}: {}", answer.describe());
        assert_eq!(session_cookie(&answer), None);
    }
}

/// Every error body that has been seen, of this endpoint and its siblings.
pub async fn t_11_every_known_error_is_told_apart(adapter: &impl Adapter) {
    let site = Site::with(adapter, exchange_only()).await;
    let oauth = |message: &str| {
        format!(r#"{{"error_type":"OAuthException","code":400,"error_message":"{message}"}}"#)
    };
    let reordered = |message: &str| {
        format!(r#"{{"code":400,"error_message":"{message}","error_type":"OAuthException"}}"#)
    };
    let graph = |code: u32, kind: &str, message: &str| {
        format!(
            r#"{{"error":{{"message":"{message}","type":"{kind}","code":{code},"fbtrace_id":"x"}}}}"#
        )
    };
    let not_found = "Matching code was not found or was already used";
    let exceeded = "The maximum number of requests per hour has been exceeded.";
    let limit = format!(
        r#"{{"code":429,"error_type":"OAuthRateLimitException","error_message":"{exceeded}"}}"#
    );
    let meta = format!(r#"{{"meta":{limit}}}"#);
    let legacy = |kind: &str, code: u32| {
        format!(r#"{{"error_type":"{kind}","code":{code},"error_message":"No"}}"#)
    };
    let transient = |kind: &str, code: u32| {
        graph(code, kind, "Try later")
            .replace("\"fbtrace_id\"", "\"is_transient\":true,\"fbtrace_id\"")
    };
    let password = "The session has been invalidated because the user changed their password";
    for (sent, body, status, code) in [
        (400, oauth(not_found), 400, "code_rejected"),
        (400, reordered(&format!("{not_found}.")), 400, "code_rejected"),
        (400, oauth("This authorization code has been used"), 400, "code_rejected"),
        (400, oauth("Invalid authorization code"), 400, "code_rejected"),
        (400, oauth("No matching code found."), 400, "code_rejected"),
        (400, oauth("Redirect URI does not match registered redirect URI"), 400, "code_rejected"),
        (400, oauth("Invalid redirect_uri"), 400, "code_rejected"),
        (400, oauth("Invalid platform app"), 500, "provider_rejected"),
        (400, oauth("Invalid scope: []"), 500, "provider_rejected"),
        (
            400,
            graph(1, "OAuthException", "Error validating client secret."),
            500,
            "provider_rejected",
        ),
        (400, graph(190, "OAuthException", password), 500, "provider_rejected"),
        (403, graph(10, "OAuthException", "No permission"), 500, "provider_rejected"),
        (
            400,
            graph(100, "IGApiException", "Unsupported request - method type: get"),
            500,
            "provider_rejected",
        ),
        (400, graph(2, "OAuthException", "An unexpected error"), 503, "provider_unavailable"),
        (400, graph(4, "OAuthException", "Too many calls"), 503, "provider_unavailable"),
        (429, limit, 503, "provider_unavailable"),
        (429, meta.clone(), 503, "provider_unavailable"),
        (400, meta, 503, "provider_unavailable"),
        (400, legacy("OAuthPermissionsException", 400), 500, "provider_rejected"),
        (403, legacy("OAuthForbiddenException", 403), 500, "provider_rejected"),
        (400, graph(3, "OAuthException", "No capability"), 500, "provider_rejected"),
        (400, graph(200, "OAuthException", "No permission"), 500, "provider_rejected"),
        (403, graph(299, "OAuthException", "No permission"), 500, "provider_rejected"),
        (400, graph(102, "OAuthException", "No session"), 500, "provider_rejected"),
        (400, graph(17, "OAuthException", "User limit"), 503, "provider_unavailable"),
        (400, graph(341, "OAuthException", "App limit"), 503, "provider_unavailable"),
        (400, transient("OAuthException", 9), 503, "provider_unavailable"),
        (400, graph(9, "OAuthException", "Something new"), 500, "provider_rejected"),
        (500, graph(1, "OAuthException", "Something"), 503, "provider_unavailable"),
        (502, "<html>502</html>".to_owned(), 503, "provider_unavailable"),
        (503, String::new(), 503, "provider_unavailable"),
    ] {
        let answer = login_against(&site, Fault::json(sent, body.clone())).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.describe());
        assert!(answer.text().contains(code), "{body}: {}", answer.describe());
        assert!(answer.text().contains("Try again"), "{body}");
        assert_eq!(session_cookie(&answer), None, "{body}");
    }
}
