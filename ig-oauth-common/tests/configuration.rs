//! Every refusal happens when the configuration is built, and names the setting and the cure.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[cfg(feature = "tracing")]
#[path = "support/events.rs"]
mod events;

use std::collections::HashMap;
use std::time::Duration;

use ig_oauth_common::store::MemoryStore;
use ig_oauth_common::{Api, Config, ConfigBuilder, Scope, Scopes};

const SECRET: &str = "FAKE-app-secret-of-more-than-32-bytes";
const COOKIE_SECRET: &str = "an obviously fake cookie secret, MARKER";
const REDIRECT_URI: &str = "https://app.example/auth/instagram/callback";

fn with_uri(uri: &str) -> ConfigBuilder {
    Config::builder("990602627938098", SECRET, uri)
}

fn good() -> ConfigBuilder {
    with_uri(REDIRECT_URI)
}

fn scopes(text: &str) -> Scopes {
    text.parse().unwrap()
}

#[track_caller]
fn is_refused(builder: ConfigBuilder, field: &str, words: &str) {
    let error = builder.build().expect_err(words);
    assert_eq!(error.field(), field, "{error}");
    let text = error.to_string();
    assert!(text.contains(words), "`{words}` in: {text}");
    assert!(text.contains(&format!("`{field}`")), "{text}");
    assert!(!error.cure().is_empty(), "{text}");
    assert!(!text.contains(SECRET) && !text.contains("MARKER"), "no secret is repeated: {text}");
}

#[test]
fn a_good_configuration_is_taken() {
    let own_secrets = |builder: ConfigBuilder| builder.cookie_secrets([COOKIE_SECRET]);
    assert!(own_secrets(good()).build().unwrap().warnings().is_empty());
    for uri in [
        "https://socialsizzle.herokuapp.com/auth/",
        "https://app.example:8443/cb?tenant=1",
        "http://127.0.0.1:3000/auth/instagram/callback",
        "http://[::1]:3000/cb",
        "http://localhost/cb",
    ] {
        let config =
            own_secrets(with_uri(uri)).build().unwrap_or_else(|error| panic!("{uri}: {error}"));
        assert_eq!(config.redirect_uri(), uri);
        assert_eq!(config.warnings().is_empty(), uri.starts_with("https"), "{uri}");
    }
}

#[test]
fn credentials_that_cannot_be_right_are_refused() {
    let build = |id: &str, secret: &str| Config::builder(id, secret, REDIRECT_URI);
    is_refused(build("", SECRET), "client_id", "not the Meta app id");
    is_refused(build(" 1", SECRET), "client_id", "white space");
    is_refused(build("1\n", SECRET), "client_id", "white space");
    is_refused(build("1", ""), "client_secret", "is empty");
    is_refused(build("1", &format!("{SECRET}\n")), "client_secret", "line breaks");
    is_refused(build("1", "too short"), "cookie_secrets", "too short to take their place");
}

#[test]
fn a_redirect_uri_that_cannot_work_is_refused() {
    for (uri, words) in [
        ("", "is empty"),
        ("/callback", "not an absolute URL"),
        ("app.example/callback", "not an absolute URL"),
        ("http://app.example/cb", "plain http is taken for"),
        ("http://127.0.0.1.evil.example/cb", "plain http is taken for"),
        ("http://localhost.evil.example/cb", "plain http is taken for"),
        ("ftp://app.example/cb", "is not https"),
        ("https://app.example/cb#x", "fragment"),
        ("https://user@app.example/cb", "user name"),
        ("https://user:word@app.example/cb", "user name"),
        ("https://app.example/cb ", "white space"),
        ("https://app.example/caf\u{e9}", "outside ASCII"),
        ("https://app.example", "no path of its own"),
        ("https://app.example/", "no path of its own"),
        ("https://app.example//cb", "would rewrite"),
        ("https://app.example/x/../cb", "would rewrite"),
        ("https://app.example/x/%2e%2e/cb", "would rewrite"),
        ("https://app.example/a%2fb", "would rewrite"),
        ("https://app.example/a\\b", "would rewrite"),
    ] {
        is_refused(with_uri(uri), "redirect_uri", words);
    }
}

#[test]
fn paths_that_cannot_work_are_refused() {
    is_refused(good().login_path("login"), "login_path", "not a path of its own");
    is_refused(good().login_path("/"), "login_path", "not a path of its own");
    is_refused(good().logout_path("/a//b"), "logout_path", "not a path of its own");
    is_refused(good().logout_path("/a?b"), "logout_path", "not a path of its own");
    is_refused(good().callback_path("/a/../b"), "callback_path", "not a path of its own");
    // Routers treat these differently.
    is_refused(good().login_path("/caf%C3%A9/login"), "login_path", "not a path of its own");
    is_refused(good().deauthorize_path("/a/%7E"), "deauthorize_path", "not a path of its own");
    is_refused(good().logout_path("/auth/*"), "logout_path", "not a path of its own");
    let escaped = "https://app.example/caf%C3%A9/cb";
    is_refused(with_uri(escaped), "callback_path", "letters, digits");
    assert!(with_uri(escaped).callback_path("/cb").build().is_ok(), "a proxy may decode it");
    is_refused(good().login_path("/same").logout_path("/same"), "logout_path", "same path as");
    let callback = "/auth/instagram/callback";
    is_refused(good().login_path(callback), "callback_path", "same path as `login_path`");
    is_refused(good().public_prefix("shop"), "public_prefix", "such as `/shop`");
    is_refused(good().public_prefix("/shop/"), "public_prefix", "such as `/shop`");
    is_refused(good().public_prefix("/shop"), "public_prefix", "set `callback_path`");
    assert!(good().public_prefix("/auth").build().is_ok(), "the prefix is cut off the callback");
    for root in ["https://app.example", "https://app.example/"] {
        let proxied = || with_uri(root).callback_path("/cb");
        is_refused(proxied(), "after_login", "round in circles");
        assert!(proxied().after_login("/welcome").build().is_ok());
    }
}

#[test]
fn places_to_end_at_must_be_of_this_site_or_listed() {
    for target in
        ["", "welcome", "//evil.example", "https://evil.example/", "/a\\b", "javascript:x"]
    {
        is_refused(good().after_login(target), "after_login", "use a path of this host");
        is_refused(good().after_logout(target), "after_logout", "use a path of this host");
        is_refused(good().failure_url(target), "failure_url", "use a path of this host");
    }
    let listed = || good().allowed_return_origins(["https://ok.example"]);
    assert!(listed().after_login("https://ok.example/in").build().is_ok());
    for origin in [
        "ok.example",
        "https://ok.example/",
        "https://OK.example",
        "https://ok.example:443",
        "http://ok.example",
        "https://*.ok.example",
        "null",
        "",
    ] {
        let builder = good().allowed_return_origins([origin]);
        is_refused(builder, "allowed_return_origins", "not an origin");
    }
}

#[test]
fn a_login_may_not_end_or_fail_at_the_login() {
    for path in ["/auth/instagram/login", "/auth/instagram/login?x#y", "/auth/instagram/callback"] {
        is_refused(good().after_login(path), "after_login", "round in circles");
        is_refused(good().failure_url(path), "failure_url", "round in circles");
    }
    // The same by a whole URL, where the app's own origin is listed.
    let listed =
        || good().allowed_return_origins(["https://app.example", "https://app.example:8443"]);
    let routes = ["/auth/instagram/login", "/auth/instagram/callback#x", "/auth/instagram/logout"];
    for url in routes.map(|route| format!("https://app.example{route}")) {
        is_refused(listed().after_login(&url), "after_login", "round in circles");
        is_refused(listed().failure_url(&url), "failure_url", "round in circles");
        let other_port = url.replace(".example", ".example:8443");
        assert!(listed().after_login(other_port).build().is_ok(), "another site");
    }
    assert!(listed().after_login("https://app.example/in").build().is_ok());
    assert!(listed().after_login("https://app.example").build().is_ok());
    assert!(good().after_logout("/auth/instagram/login").build().is_ok(), "to switch accounts");
}

#[test]
fn retired_and_missing_scopes_are_refused_with_the_replacement() {
    for (list, words) in [
        ("user_profile", "`instagram_business_basic`"),
        ("basic", "`instagram_business_basic`"),
        ("business_basic", "`instagram_business_basic`"),
        (
            "instagram_business_basic,business_content_publish",
            "`instagram_business_content_publish`",
        ),
        (
            "instagram_business_basic,business_content_publishing",
            "`instagram_business_content_publish`",
        ),
        ("business_manage_messages", "`instagram_business_manage_messages`"),
        ("business_manage_comments", "`instagram_business_manage_comments`"),
        ("instagram_business_manage_comments", "add `instagram_business_basic`"),
        ("", "name at least `instagram_business_basic`"),
    ] {
        is_refused(good().scopes(scopes(list)), "scopes", words);
    }
    let basic_display = || good().api(Api::BasicDisplay);
    is_refused(basic_display().scopes(scopes("user_media")), "scopes", "add `user_profile`");
    is_refused(basic_display().scopes(scopes("basic")), "scopes", "is retired");
    is_refused(good().optional_scopes([Scope::UserMedia]), "optional_scopes", "basic-display");
    assert!("Instagram Basic;".parse::<Scopes>().is_err());
}

#[test]
fn weak_repeated_or_missing_cookie_secrets_are_refused() {
    let with = |secrets: &[&str]| good().cookie_secrets(secrets.iter().copied());
    for (secrets, words) in [
        (&["secret"][..], "number 1 is shorter than 32 bytes"),
        (&[COOKIE_SECRET, "changeme"], "number 2 is shorter"),
        (&["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], "repeats one block"),
        (&["0123456789abcdef0123456789abcdef"], "public examples"),
        (&[COOKIE_SECRET, COOKIE_SECRET], "name the same secret twice"),
    ] {
        is_refused(with(secrets), "cookie_secrets", words);
    }
    is_refused(good().store(MemoryStore::new()), "cookie_secrets", "a store needs them");
    assert!(good().store(MemoryStore::new()).cookie_secrets([COOKIE_SECRET]).build().is_ok());
}

#[test]
fn endpoints_must_be_https_or_loopback() {
    for url in ["http://gateway.example/x", "gateway.example", "https://u@gateway.example/", ""] {
        is_refused(good().authorize_url(url), "authorize_url", "");
        is_refused(good().token_url(url), "token_url", "");
        is_refused(good().graph_url(url), "graph_url", "");
    }
    is_refused(good().graph_url("https://gateway.example/?x"), "graph_url", "query");
    assert!(good().token_url("http://127.0.0.1:1/t").build().is_ok());
}

#[test]
fn other_settings_out_of_range_are_refused() {
    is_refused(good().mount("a b"), "mount", "letters and digits");
    is_refused(good().mount(""), "mount", "letters and digits");
    is_refused(good().session_lifetime(Duration::ZERO), "session_lifetime", "a minute at least");
    is_refused(good().idle_lifetime(Duration::MAX), "idle_lifetime", "366 days");
    is_refused(good().request_timeout(Duration::ZERO), "request_timeout", "more than zero");
    is_refused(good().connect_timeout(Duration::MAX), "connect_timeout", "120 s");
    is_refused(good().callback_deadline(Duration::ZERO), "callback_deadline", "more than zero");
    is_refused(good().extra_root_pem("not a certificate"), "extra_root_pem", "PEM");
}

#[test]
fn the_environment_fills_a_builder() {
    let mut variables = HashMap::from([
        ("INSTAGRAM_CLIENT_ID", "990602627938098"),
        ("INSTAGRAM_CLIENT_SECRET", SECRET),
        ("INSTAGRAM_REDIRECT_URI", "https://socialsizzle.herokuapp.com/auth/"),
        ("INSTAGRAM_API", "basic-display"),
        ("INSTAGRAM_SCOPE", "user_profile,user_media"),
        ("INSTAGRAM_LONG_LIVED", "off"),
        ("INSTAGRAM_COOKIE_SECRETS", COOKIE_SECRET),
    ]);
    // Written with a comma, a list of two secrets must not come out as one.
    let read = |variables: &HashMap<&str, &str>| {
        let get = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        ConfigBuilder::from_variables(get).and_then(ConfigBuilder::build)
    };
    let error = read(&variables).expect_err("the comma splits the secret");
    assert_eq!(error.field(), "cookie_secrets");
    variables.insert("INSTAGRAM_COOKIE_SECRETS", "an obviously fake cookie secret for tests");
    assert_eq!(read(&variables).unwrap().api(), Api::BasicDisplay);

    for (name, value, field) in [
        ("INSTAGRAM_CLIENT_ID", "", "client_id"),
        ("INSTAGRAM_CLIENT_SECRET", "", "client_secret"),
        ("INSTAGRAM_REDIRECT_URI", "", "redirect_uri"),
        ("INSTAGRAM_API", "graph", "api"),
        ("INSTAGRAM_SCOPE", "user profile!", "scopes"),
        ("INSTAGRAM_LONG_LIVED", "yes", "long_lived"),
        ("INSTAGRAM_TOKEN_URL", "http://gateway.example/", "token_url"),
    ] {
        let mut changed = variables.clone();
        changed.insert(name, value);
        let error = read(&changed).expect_err(name);
        assert_eq!(error.field(), field);
        assert!(error.to_string().contains(name), "the variable is named: {error}");
    }
}

#[test]
fn v_07_a_variable_that_is_set_and_empty_is_an_error_that_names_it() {
    let complete = [
        ("INSTAGRAM_CLIENT_ID", "1"),
        ("INSTAGRAM_CLIENT_SECRET", SECRET),
        ("INSTAGRAM_REDIRECT_URI", REDIRECT_URI),
    ];
    // Every variable of the table of `from_env`, by the source's own list.
    let table = include_str!("../src/config/environment.rs");
    let names: Vec<_> = table.lines().filter(|line| line.contains("/// |")).collect();
    let names: Vec<_> = names
        .iter()
        .flat_map(|line| line.split('`').filter(|word| word.starts_with("INSTAGRAM_")))
        .collect();
    assert_eq!(names.len(), 10, "{names:?}");
    for name in names {
        let read = |given: &str| {
            if given == name {
                return Some(String::new());
            }
            let found = complete.iter().find(|(known, _)| *known == given);
            found.map(|(_, value)| (*value).to_owned())
        };
        let error = ConfigBuilder::from_variables(read).expect_err(name);
        let text = error.to_string();
        assert!(text.contains(name) && text.contains("is set and empty"), "{name}: {text}");
    }
}

#[test]
fn v_08_keys_from_the_app_secret_are_warned_about_once() {
    let warnings = |builder: ConfigBuilder| builder.build().unwrap().warnings().to_vec();
    let derived = warnings(good());
    let [warning] = &derived[..] else { panic!("{derived:?}") };
    assert!(warning.contains("cookie_secrets") && !warning.contains(SECRET), "{warning}");
    assert_eq!(warnings(good().cookie_secrets([COOKIE_SECRET])), [""; 0]);
    // On the developer's own machine there is no warning.
    for uri in ["http://127.0.0.1:3000/cb", "http://localhost/cb", "https://localhost:3000/cb"] {
        let all = warnings(with_uri(uri));
        assert!(!all.iter().any(|warning| warning.contains("cookie_secrets")), "{uri}: {all:?}");
    }
}

#[cfg(feature = "tracing")]
#[test]
fn warnings_are_logged_by_the_build_and_not_by_each_flow() {
    let (events, _guard) = events::Events::capture();
    let config = good().build().unwrap();
    drop([ig_oauth_common::Flow::new(config.clone()), ig_oauth_common::Flow::new(config)]);
    let logged = events.all();
    let about_keys = logged.iter().filter(|event| event.contains("INSTAGRAM_COOKIE_SECRETS"));
    assert_eq!(about_keys.count(), 1, "{logged:?}");
}
