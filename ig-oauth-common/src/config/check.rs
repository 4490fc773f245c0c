//! Every refusal, before the first request.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use url::Url;

use super::redirect_uri::is_loopback;
use super::{ConfigBuilder, ConfigError, LongLived, RedirectUri, Settings, paths, secrets};
use crate::api::Api;
use crate::cookie::{CookieNames, derived_mount};
use crate::flow::{Translations, site_name};
use crate::provider::http::BoxedHttpClient;
use crate::provider::{Application, Provider, SignedRequestVerifier};
use crate::scope::Scopes;

pub(super) fn settings(mut builder: ConfigBuilder) -> Result<Settings, ConfigError> {
    let mut warnings = Vec::new();
    text("client_id", &builder.client_id, "set it to the Instagram app id, not the Meta app id")?;
    text(
        "client_secret",
        builder.client_secret.expose_secret(),
        "set it to the Instagram app secret, not the Meta app secret",
    )?;
    for secret in builder.earlier_client_secrets.iter().chain(&builder.signed_request_secrets) {
        if secret.expose_secret().is_empty() {
            let cure = "leave it out, or give the secret";
            let field = "signed_request_secrets";
            return Err(ConfigError::new(
                field,
                "or `earlier_client_secrets` hold an empty one",
                cure,
            ));
        }
    }
    let redirect_uri = RedirectUri::parse(std::mem::take(&mut builder.redirect_uri))?;
    if !redirect_uri.is_https() {
        warnings.push(
            "the redirect URI is plain http on loopback: for development only; cookies go without \
             `Secure` and `__Host-`"
                .to_owned(),
        );
    }
    let (required_scopes, optional_scopes) = scopes(&builder)?;
    let origins = paths::origins(&builder.allowed_return_origins)?;
    let paths = paths::checked(&builder, &redirect_uri)?;
    paths::landing("after_login", &builder.after_login, &origins)?;
    paths::landing("after_logout", &builder.after_logout, &origins)?;
    if let Some(url) = &builder.failure_url {
        paths::landing("failure_url", url, &origins)?;
        paths::no_circle("failure_url", url, &paths, &redirect_uri)?;
        paths::names_are_free(url)?;
    }
    paths::no_circle("after_login", &builder.after_login, &paths, &redirect_uri)?;
    lifetimes(&builder)?;
    let api = builder.api;
    let endpoint = |field, given: Option<String>, default: &str| {
        endpoint(field, given.unwrap_or_else(|| default.to_owned()))
    };
    let (authorize_url, authorize) =
        endpoint("authorize_url", builder.authorize_url.take(), api.authorize_url())?;
    let (token_url, token) = endpoint("token_url", builder.token_url.take(), api.token_url())?;
    let (graph_url, graph) = endpoint("graph_url", builder.graph_url.take(), api.graph_url())?;
    let keyring = secrets::keyring(&builder)?;
    if builder.cookie_secrets.is_empty() && !redirect_uri.is_loopback() {
        warnings.push(
            "the cookie keys are derived from the app secret: whoever learns it can log in as \
             anybody; set `cookie_secrets` (INSTAGRAM_COOKIE_SECRETS)"
                .to_owned(),
        );
    }
    let client = http_client(&mut builder, &[&token, &graph])?;
    let mount = match builder.mount.take() {
        None => derived_mount(&builder.client_id, redirect_uri.as_str()),
        Some(name) => mount(name)?,
    };
    let mut probe = [0; 1];
    builder.randomness.fill(&mut probe).map_err(|error| {
        ConfigError::new("randomness", "does not answer", "states and session ids need it")
            .with_source(error)
    })?;
    let signers = std::iter::once(&builder.client_secret)
        .chain(&builder.earlier_client_secrets)
        .chain(&builder.signed_request_secrets);
    let signed_requests = SignedRequestVerifier::new(signers.map(|secret| secret.expose_secret()))
        .window(builder.signed_request_window);
    let application = Application {
        api,
        client_id: builder.client_id.clone(),
        client_secret: builder.client_secret,
        redirect_uri: redirect_uri.as_str().to_owned(),
        token_url,
        graph_url,
    };
    Ok(Settings {
        api,
        client_id: builder.client_id,
        cookie_names: CookieNames::new(&mount, &redirect_uri),
        redirect_uri,
        required_scopes,
        optional_scopes,
        authorize_url,
        authorize_origin: authorize.origin().ascii_serialization(),
        paths,
        after_login: builder.after_login,
        after_logout: builder.after_logout,
        failure_url: builder.failure_url,
        translations: Translations::checked(builder.texts)?,
        site_name: site_name(builder.site_name)?,
        allowed_return_origins: origins,
        require_post: builder.require_post,
        no_store: builder.no_store,
        linking: builder.linking,
        signed_requests,
        force_reauth: builder.force_reauth,
        enable_fb_login: builder.enable_fb_login,
        keyring,
        store: builder.store,
        session_lifetime: builder.session_lifetime,
        idle_lifetime: builder.idle_lifetime,
        end_with_browser: builder.end_with_browser,
        long_lived: builder.long_lived.unwrap_or(match api {
            Api::InstagramLogin => LongLived::Prefer,
            Api::BasicDisplay => LongLived::Off,
        }),
        refresh_ahead: builder.refresh_ahead,
        refresh_wait: builder.refresh_wait,
        fetch_profile: builder.fetch_profile,
        callback_deadline: builder.callback_deadline,
        exchanges_at_once: builder.exchanges_at_once,
        provider: Arc::new(
            Provider::new(application, client).graph_calls_at_once(builder.graph_calls_at_once),
        ),
        hooks: builder.hooks,
        clock: builder.clock,
        randomness: builder.randomness,
        unreadable: crate::session::UnreadableAccounts::default(),
        impossible_times: crate::session::ImpossibleTimes::default(),
        warnings,
    })
}

fn text(field: &'static str, value: &str, cure: &str) -> Result<(), ConfigError> {
    if value.is_empty() {
        return Err(ConfigError::new(field, "is empty", cure));
    }
    if value.trim() != value || value.chars().any(char::is_control) {
        let problem = "begins or ends with white space, or holds a control character";
        return Err(ConfigError::new(field, problem, "copy it again without line breaks"));
    }
    Ok(())
}

fn scopes(builder: &ConfigBuilder) -> Result<(Scopes, Scopes), ConfigError> {
    let api = builder.api;
    let required = builder.scopes.clone().unwrap_or_else(|| api.default_scopes());
    if required.is_empty() {
        let cure = format!("name at least `{}`", api.required_scope());
        return Err(ConfigError::new("scopes", "are empty", cure));
    }
    for (field, scopes) in [("scopes", &required), ("optional_scopes", &builder.optional_scopes)] {
        if let Some(refusal) = scopes.iter().find_map(|scope| scope.refusal(api)) {
            return Err(ConfigError::new(field, "cannot be granted", refusal.to_string()));
        }
    }
    if !required.contains(&api.required_scope()) {
        let cure = format!("add `{}`: the provider requires it", api.required_scope());
        return Err(ConfigError::new("scopes", "lack the required scope", cure));
    }
    let optional = builder.optional_scopes.without(&required);
    Ok((required, optional))
}

fn lifetimes(builder: &ConfigBuilder) -> Result<(), ConfigError> {
    const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    for (field, duration, most) in [
        ("session_lifetime", builder.session_lifetime, YEAR),
        ("idle_lifetime", builder.idle_lifetime, YEAR),
    ] {
        if duration < Duration::from_secs(60) || duration > most {
            return Err(ConfigError::new(
                field,
                format!("is {} s", duration.as_secs()),
                "use a minute at least and 366 days at most",
            ));
        }
    }
    const REFRESHABLE: Duration = Duration::from_secs(59 * 24 * 60 * 60);
    if builder.refresh_ahead > REFRESHABLE {
        return Err(ConfigError::new(
            "refresh_ahead",
            format!("is {} s", builder.refresh_ahead.as_secs()),
            "use at most 59 days, as tokens live 60 and the provider refreshes none on its first \
             day; zero turns refreshing off",
        ));
    }
    const MONTH: Duration = Duration::from_secs(31 * 24 * 60 * 60);
    if builder.signed_request_window.is_zero() || builder.signed_request_window > MONTH {
        let problem = format!("is {} s", builder.signed_request_window.as_secs());
        let cure = "use more than zero and at most 31 days";
        return Err(ConfigError::new("signed_request_window", problem, cure));
    }
    if builder.refresh_wait > Duration::from_secs(30) {
        let problem = format!("is {} s", builder.refresh_wait.as_secs_f64());
        return Err(ConfigError::new("refresh_wait", problem, "use at most 30 s"));
    }
    for (field, duration) in [
        ("request_timeout", builder.request_timeout),
        ("connect_timeout", builder.connect_timeout),
        ("callback_deadline", builder.callback_deadline),
    ] {
        if duration.is_zero() || duration > Duration::from_secs(120) {
            let problem = format!("is {} s", duration.as_secs_f64());
            return Err(ConfigError::new(field, problem, "use more than zero and at most 120 s"));
        }
    }
    for (field, places) in [
        ("exchanges_at_once", Some(builder.exchanges_at_once)),
        ("graph_calls_at_once", builder.graph_calls_at_once),
    ] {
        if places.is_some_and(|places| !(1..=100_000).contains(&places)) {
            let problem = format!("is {}", places.unwrap_or_default());
            return Err(ConfigError::new(field, problem, "use 1 at least and 100,000 at most"));
        }
    }
    Ok(())
}

fn endpoint(field: &'static str, text: String) -> Result<(String, Url), ConfigError> {
    let refuse = |problem: &str, cure: &str| Err(ConfigError::new(field, problem, cure));
    let Some(url) = Url::parse(&text).ok().filter(Url::has_host) else {
        return refuse("is not an absolute URL", "write it whole, beginning with https://");
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return refuse("is not https", "use https; plain http is taken on loopback only");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return refuse("holds a user name or a fragment", "leave them out");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse("holds white space or a byte outside ASCII", "percent-encode it");
    }
    if field == "graph_url" && url.query().is_some() {
        return refuse("holds a query", "give the base only; the flow adds path and query");
    }
    Ok((text, url))
}

fn mount(name: String) -> Result<String, ConfigError> {
    let fits = (1..=16).contains(&name.len());
    if fits && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(name);
    }
    let problem = format!("is `{}`", name.escape_debug());
    Err(ConfigError::new("mount", problem, "use 1 to 16 letters and digits"))
}

fn http_client(
    builder: &mut ConfigBuilder,
    called: &[&Url],
) -> Result<Arc<dyn BoxedHttpClient>, ConfigError> {
    if let Some(client) = builder.http_client.take() {
        return Ok(client);
    }
    if cfg!(not(any(feature = "rustls", feature = "native-tls")))
        && called.iter().any(|url| url.scheme() == "https")
    {
        return Err(ConfigError::new(
            "http_client",
            "is not set, and the default one was built without TLS",
            "turn the `rustls` or the `native-tls` feature on, or pass a client of your own",
        ));
    }
    default_client(builder, called)
}

#[cfg(feature = "reqwest")]
fn default_client(
    builder: &mut ConfigBuilder,
    called: &[&Url],
) -> Result<Arc<dyn BoxedHttpClient>, ConfigError> {
    use crate::provider::{ReqwestSettings, reqwest_client};

    reqwest_client(ReqwestSettings {
        timeout: builder.request_timeout,
        connect_timeout: builder.connect_timeout,
        extra_root_pem: builder.extra_root_pem.take(),
        loopback: called.iter().any(|url| url.scheme() == "http"),
    })
    .map_err(|error| {
        let field = if error.is_root_certificate() { "extra_root_pem" } else { "http_client" };
        ConfigError::new(field, "gives no HTTP client", error.to_string())
    })
}

#[cfg(not(feature = "reqwest"))]
fn default_client(
    _builder: &mut ConfigBuilder,
    _called: &[&Url],
) -> Result<Arc<dyn BoxedHttpClient>, ConfigError> {
    Err(ConfigError::new(
        "http_client",
        "is not set",
        "pass a client of your own, or turn the `reqwest` feature on",
    ))
}
