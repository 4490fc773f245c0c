//! Section 2: reading the callback, and in which order.

use crate::harness::{Adapter, App, Settings};
use url::Url;

use crate::security::site::{CALLBACK, LOGIN, REDIRECT_URI, Site, is_ok, is_refused};

/// Every query is refused with `code`, nothing reaches the provider, and the attempt lives on.
async fn all_refused(adapter: &impl Adapter, queries: &[&str], code: &str) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    for query in queries {
        let query = query.replace("{S}", &attempt.state);
        let answer = site.call_back(&query, &attempt.cookie()).await;
        is_refused(&answer, code);
        assert!(answer.all("set-cookie").is_empty(), "{query}: {}", answer.describe());
    }
    assert_eq!(site.exchanges(), 0);
    site.is_alive(&attempt).await;
}

pub async fn c_01_a_code_given_twice_is_refused(adapter: &impl Adapter) {
    all_refused(
        adapter,
        &["code=a&code=b&state={S}", "code=a&state={S}&code=a"],
        "invalid_request",
    )
    .await;
}

pub async fn c_02_a_state_given_twice_is_refused(adapter: &impl Adapter) {
    let queries = [
        "code=a&state={S}&state=evil",
        "code=a&state=evil&state={S}",
        "code=a&state={S}&state={S}",
    ];
    all_refused(adapter, &queries, "invalid_request").await;
}

pub async fn c_03_names_are_decoded_once_and_compared_exactly(adapter: &impl Adapter) {
    all_refused(
        adapter,
        &["code=a&%63ode=b&state={S}", "code=a&state={S}&%73tate=x"],
        "invalid_request",
    )
    .await;
    // Other names are other parameters: no code came.
    let others =
        ["Code=a&state={S}", "code%00=a&state={S}", "%2563ode=a&state={S}", "code =a&state={S}"];
    all_refused(
        adapter,
        &others.map(|query| query.replace(' ', "%20")).each_ref().map(|q| &**q),
        "invalid_request",
    )
    .await;
}

pub async fn c_04_arrays_and_objects_are_no_parameters(adapter: &impl Adapter) {
    let queries = [
        "code[]=a&state={S}",
        "code[x]=a&state={S}",
        "code.a=b&state={S}",
        "code%5b%5d=a&state={S}",
    ];
    all_refused(adapter, &queries, "invalid_request").await;
    all_refused(adapter, &["code=a&state[]={S}", "code=a&state.a={S}"], "invalid_state").await;
}

pub async fn c_05_code_and_error_together_are_refused(adapter: &impl Adapter) {
    all_refused(adapter, &["code=a&error=access_denied&state={S}"], "invalid_request").await;
}

pub async fn c_06_neither_code_nor_error_is_refused_with_a_way_on(adapter: &impl Adapter) {
    all_refused(adapter, &["state={S}", "", "foo=bar&state={S}"], "invalid_request").await;
    let site = Site::new(adapter).await;
    is_refused(&site.get(CALLBACK, "").await, "invalid_request");
}

pub async fn c_07_empty_values_are_refused(adapter: &impl Adapter) {
    let queries = ["code=&state={S}", "code&state={S}", "error=&state={S}", "error&state={S}"];
    all_refused(adapter, &queries, "invalid_request").await;
    all_refused(adapter, &["code=a&state=", "code=a&state"], "invalid_state").await;
}

pub async fn c_08_an_error_is_believed_only_with_a_proven_state(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let told = "error=access_denied&error_description=Your+bank+needs+you";
    let baseline = site.call_back("code=a&state=wrong", &attempt.cookie()).await;
    for query in [told.to_owned(), format!("{told}&state=wrong")] {
        let answer = site.call_back(&query, &attempt.cookie()).await;
        is_refused(&answer, "invalid_state");
        assert!(!answer.text().contains("bank"));
        assert_eq!(answer.status, baseline.status);
        assert_eq!(answer.body.len(), baseline.body.len(), "the same page as for any bad state");
    }
    site.is_alive(&attempt).await;
}

pub async fn c_09_a_real_cancel_ends_calmly(adapter: &impl Adapter) {
    let sample = "error=access_denied&error_reason=user_denied&\
                  error_description=The+user+denied+your+request";
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let query = format!("{sample}&state={}", attempt.state);
    let answer = site.call_back(&query, &attempt.cookie()).await;
    is_refused(&answer, "access_denied");
    assert_eq!(answer.status, 403);
    assert_eq!(answer.all("set-cookie").len(), 1, "the attempt is over");
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(site.exchanges(), 0);

    let settings = Settings::new().configure(|builder| builder.failure_url("/oops"));
    let site = Site::with(adapter, settings).await;
    let attempt = site.start("").await;
    let target = format!("{CALLBACK}?{sample}&state={}", attempt.state);
    let headers = [("cookie", &*attempt.cookie()), ("accept", "text/html")];
    let answer = site.send("GET", &target, &headers).await;
    assert_eq!(answer.status, 303);
    super::answers::is_failure_at(&answer, "/oops?error=access_denied");
}

pub async fn c_10_nothing_reaches_the_provider_before_the_state_is_proven(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    for cookie in ["", &attempt.cookie(), "a=b"] {
        for query in ["code=a", "code=a&state=x", "error=x", "error=x&state=y", "code=a&error=b"] {
            let answer = site.call_back(query, cookie).await;
            assert!((400..500).contains(&answer.status));
        }
    }
    assert_eq!(site.app.provider.requests().len(), 0, "not one request of any kind");
}

pub async fn c_11_the_appended_fragment_is_no_part_of_the_code(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    for (suffix, sent) in [("%23_", ""), ("_", "_"), ("%23", "#"), ("", ""), ("%23_%23_", "#_")] {
        let attempt = site.start("").await;
        let query = format!("code=abc{suffix}&state={}", attempt.state);
        site.call_back(&query, &attempt.cookie()).await;
        let exchange = site.app.provider.requests().pop().unwrap();
        assert_eq!(exchange.field("code"), Some(format!("abc{sent}").as_str()), "{suffix}");
    }
    all_refused(adapter, &["code=%23_&state={S}"], "invalid_request").await;
}

pub async fn c_12_a_token_in_the_query_is_never_taken(adapter: &impl Adapter) {
    all_refused(adapter, &["access_token=evil&user_id=1&state={S}"], "invalid_request").await;
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let query = format!("access_token=evil&user_id=1&code={}&state={}", site.code(), attempt.state);
    let answer = site.call_back(&query, &attempt.cookie()).await;
    is_ok(&answer);
    let session = crate::security::site::session_cookie(&answer).unwrap();
    assert_eq!(site.get("/", &session).await.text(), site.app.user_id());
}

pub async fn c_13_bad_percent_encoding_is_refused(adapter: &impl Adapter) {
    let bad = ["%", "%4", "%zz", "%u0041", "%c0%ae", "%ff", "%ed%a0%80", "a%", "%2", "%%"];
    let queries: Vec<String> = bad.iter().map(|code| format!("code={code}&state={{S}}")).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    all_refused(adapter, &queries, "invalid_request").await;
    all_refused(adapter, &["code=a&state=%zz", "code=a&%zz=b&state={S}"], "invalid_request").await;
}

pub async fn c_14_codes_are_visible_ascii(adapter: &impl Adapter) {
    let bad = ["a%00b", "a%0d%0ab", "a%7f", "a%e2%80%a8", "a%09b", "caf%c3%a9", "%1b[31m"];
    let queries: Vec<String> = bad.iter().map(|code| format!("code={code}&state={{S}}")).collect();
    let queries: Vec<&str> = queries.iter().map(String::as_str).collect();
    all_refused(adapter, &queries, "invalid_request").await;
}

pub async fn c_15_only_the_ampersand_separates(adapter: &impl Adapter) {
    all_refused(adapter, &["code=a;state={S}"], "invalid_state").await;
    for stray in ["&&code={C}&state={S}", "code={C}&state={S}&", "&code={C}&&state={S}&&"] {
        let site = Site::new(adapter).await;
        let attempt = site.start("").await;
        let query = stray.replace("{C}", &site.code()).replace("{S}", &attempt.state);
        is_ok(&site.call_back(&query, &attempt.cookie()).await);
    }
}

pub async fn c_16_huge_queries_are_refused_and_cost_little(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    for query in [
        format!("code=a&state={}&x={}", attempt.state, "a".repeat(9_000)),
        format!("code=a&state={}{}", attempt.state, "&x=1".repeat(100)),
        format!("code={}&state={}", "a".repeat(1_025), attempt.state),
        format!("code={}&state={}", "a".repeat(60_000), attempt.state),
        format!("code=a&state={}&x={}", attempt.state, "a".repeat(1_000_000)),
        format!("code=a&state={}{}", attempt.state, "&".repeat(100_000)),
        format!("code=a&state={}{}", attempt.state, "&x=1".repeat(50_000)),
    ] {
        let answer = site.call_back(&query, &attempt.cookie()).await;
        assert!(matches!(answer.status, 400 | 414 | 431), "{}", answer.status);
        assert!(answer.body.len() < 8_000, "nothing is echoed");
    }
    // Stray separators are no parameters, so they cost nothing but their bytes.
    let stray = format!("code={}&state={}{}", site.code(), attempt.state, "&".repeat(5_000));
    is_ok(&site.call_back(&stray, &attempt.cookie()).await);
    assert_eq!(site.exchanges(), 1);
}

pub async fn c_17_unknown_parameters_are_ignored(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let more = "foo=bar&utm_source=x&iss=https%3A%2F%2Fevil.example";
    let query = format!("{more}&code={}&state={}", site.code(), attempt.state);
    let answer = site.call_back(&query, &attempt.cookie()).await;
    is_ok(&answer);
    assert!(!answer.describe().contains("evil") && !answer.describe().contains("utm"));
}

pub async fn c_18_a_request_changes_nothing_of_the_authorization_request(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let plain = site.get(LOGIN, "").await.location().to_owned();
    let hostile = "client_id=e&redirect_uri=https://evil.example&scope=x&response_type=token&\
                   response_mode=fragment&url=//evil.example&force_reauth=true&enable_fb_login=false";
    let answer = site.get(&format!("{LOGIN}?{hostile}"), "").await;
    let without_state = |url: &str| url.rsplit_once("&state=").unwrap().0.to_owned();
    assert_eq!(without_state(answer.location()), without_state(&plain));
}

pub async fn c_19_the_authorization_request_is_whole_and_escaped(adapter: &impl Adapter) {
    let id = "id&x=1#%+ \u{e9}";
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let secret = "FAKE-app-secret-that-must-not-be-sent";
    let redirect_uri = "https://app.example/cb?tenant=a%26b&x=+";
    let config = ig_oauth_common::Config::builder(id.trim(), secret, redirect_uri)
        .scopes([
            ig_oauth_common::Scope::InstagramBusinessBasic,
            ig_oauth_common::Scope::InstagramBusinessManageComments,
        ])
        .build()
        .unwrap();
    let _serving = adapter.serve(config, listener);
    let headers = [("host".to_owned(), address.clone().into_bytes())];
    let answer = crate::browser::send(&address, "GET", LOGIN, &headers, b"").await;
    let location = answer.location();
    let url = Url::parse(location).unwrap();
    assert_eq!(url.origin().ascii_serialization(), "https://www.instagram.com");
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["client_id", "redirect_uri", "scope", "response_type", "state"]);
    assert_eq!(pairs[0].1, id);
    assert_eq!(pairs[1].1, redirect_uri);
    assert_eq!(pairs[2].1, "instagram_business_basic,instagram_business_manage_comments");
    assert_eq!(pairs[3].1, "code");
    assert!(!location.contains("FAKE"));
    let query = location.split_once('?').unwrap().1;
    assert!(query.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%&=".contains(&byte)));
}

pub async fn c_20_the_redirect_uri_is_the_same_to_the_letter_both_times(adapter: &impl Adapter) {
    for uri in [
        "https://app.example/cb",
        "https://app.example/cb/",
        "https://APP.example:8443/cb",
        "https://app.example/cb?tenant=1",
        REDIRECT_URI,
    ] {
        let app = App::start(adapter, Settings::new().redirect_uri(uri)).await;
        let start = app.raw("GET", LOGIN, &[("x-forwarded-host", "evil.example")]).await;
        let attempt = crate::security::site::attempt(&start);
        let sent = crate::harness::parameter(start.location(), "redirect_uri");
        assert_eq!(sent.as_deref(), Some(uri));
        let code = app.provider.issue_code(uri, "instagram_business_basic");
        let path = uri.split(['?']).next().unwrap().splitn(4, '/').nth(3).unwrap();
        let target = format!("/{path}?code={code}&state={}", attempt.state);
        is_ok(&app.raw("GET", &target, &[("cookie", &attempt.cookie())]).await);
        let requests = app.provider.requests();
        assert_eq!(requests[0].field("redirect_uri"), Some(uri));
    }
}

pub async fn c_21_other_shapes_of_the_path_are_not_the_callback(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    for path in [
        "/auth/instagram/callback/",
        "//auth/instagram/callback",
        "/auth//instagram/callback",
        "/AUTH/instagram/callback",
        "/auth/instagram/%63allback",
        "/auth/instagram/callback;x",
        "/auth/instagram/callback%2f",
        "/x/../auth/instagram/callback",
        "/auth/instagram/./callback",
        "/auth/instagram/callback%00",
    ] {
        let target = format!("{path}?code={}&state={}", site.code(), attempt.state);
        let answer = site.get(&target, &attempt.cookie()).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.describe());
        assert!(answer.all("set-cookie").is_empty());
    }
    assert_eq!(site.exchanges(), 0);
    site.is_alive(&attempt).await;
}

pub async fn c_22_a_body_is_never_read(adapter: &impl Adapter) {
    let site = Site::new(adapter).await;
    let attempt = site.start("").await;
    let code = site.code();
    let body = format!("code={code}&state={}", attempt.state);
    let headers = [
        ("host".to_owned(), site.app.address().as_bytes().to_vec()),
        ("content-type".to_owned(), b"application/x-www-form-urlencoded".to_vec()),
        ("cookie".to_owned(), attempt.cookie().into_bytes()),
    ];
    let address = site.app.address();
    let send = crate::browser::send;
    let posted = send(address, "POST", CALLBACK, &headers, body.as_bytes()).await;
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET")));
    let with_body = send(address, "GET", CALLBACK, &headers, body.as_bytes()).await;
    is_refused(&with_body, "invalid_request");
    assert_eq!(site.exchanges(), 0);
    site.is_alive(&attempt).await;
}
