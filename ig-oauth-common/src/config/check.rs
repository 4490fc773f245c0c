//! Every refusal, before the first request.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::redirect_uri::is_loopback;
use super::{ConfigBuilder, ConfigError, LongLived, Paths, RedirectUri, Settings};
use crate::api::Api;
use crate::cookie::{CookieNames, derived_mount};
use crate::flow::{is_allowed_url, is_local_path, is_plain_path, path_on};
use crate::keys::secret::{self, MIN_SECRET_BYTES};
use crate::keys::{KeySet, Keyring, Origin};
use crate::provider::http::HttpClient;
use crate::provider::{Application, Provider, SignedRequestVerifier};
use crate::scope::Scopes;

const MAKE_A_SECRET: &str =
    "set at least 32 random bytes, such as the output of `openssl rand -base64 32`";

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
    let paths = paths(&builder, &redirect_uri)?;
    let origins = origins(&builder.allowed_return_origins)?;
    landing("after_login", &builder.after_login, &origins)?;
    landing("after_logout", &builder.after_logout, &origins)?;
    if let Some(url) = &builder.failure_url {
        landing("failure_url", url, &origins)?;
        no_circle("failure_url", url, &paths, &redirect_uri)?;
    }
    no_circle("after_login", &builder.after_login, &paths, &redirect_uri)?;
    lifetimes(&builder)?;
    let api = builder.api;
    let endpoint = |field, given: Option<String>, default: &str| {
        endpoint(field, given.unwrap_or_else(|| default.to_owned()))
    };
    let (authorize_url, authorize) =
        endpoint("authorize_url", builder.authorize_url.take(), api.authorize_url())?;
    let (token_url, token) = endpoint("token_url", builder.token_url.take(), api.token_url())?;
    let (graph_url, graph) = endpoint("graph_url", builder.graph_url.take(), api.graph_url())?;
    let keyring = keyring(&builder)?;
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
    let secrets = std::iter::once(&builder.client_secret)
        .chain(&builder.earlier_client_secrets)
        .chain(&builder.signed_request_secrets);
    let signed_requests = SignedRequestVerifier::new(secrets.map(|secret| secret.expose_secret()))
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
        allowed_return_origins: origins,
        require_post: builder.require_post,
        linking: builder.linking,
        signed_requests,
        force_reauth: builder.force_reauth,
        enable_fb_login: builder.enable_fb_login,
        keyring,
        store: builder.store,
        session_lifetime: builder.session_lifetime,
        idle_lifetime: builder.idle_lifetime,
        long_lived: builder.long_lived.unwrap_or(match api {
            Api::InstagramLogin => LongLived::Prefer,
            Api::BasicDisplay => LongLived::Off,
        }),
        refresh_ahead: builder.refresh_ahead,
        refresh_wait: builder.refresh_wait,
        fetch_profile: builder.fetch_profile,
        callback_deadline: builder.callback_deadline,
        provider: Arc::new(Provider::new(application, client)),
        hooks: builder.hooks,
        clock: builder.clock,
        randomness: builder.randomness,
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

fn paths(builder: &ConfigBuilder, redirect_uri: &RedirectUri) -> Result<Paths, ConfigError> {
    let prefix = &builder.public_prefix;
    if !prefix.is_empty() && (!is_plain_path(prefix) || prefix.ends_with('/')) {
        return Err(ConfigError::new(
            "public_prefix",
            "is not a path prefix",
            "write it with a slash before it and none after it, such as `/shop`",
        ));
    }
    let callback = match &builder.callback_path {
        Some(path) => path.clone(),
        None => {
            let path = redirect_uri.path();
            let stripped = path.strip_prefix(prefix.as_str()).filter(|rest| rest.starts_with('/'));
            let path = if prefix.is_empty() { Some(path) } else { stripped };
            match path {
                Some(path) if !path.is_empty() && path != "/" => path.to_owned(),
                Some(_) => {
                    return Err(ConfigError::new(
                        "redirect_uri",
                        "has no path of its own, so every visit to `/` would be a callback",
                        "register a path such as `/auth/instagram/callback`, or set \
                         `callback_path` to where your proxy sends it",
                    ));
                }
                None => {
                    return Err(ConfigError::new(
                        "public_prefix",
                        "is not what the path of the redirect URI begins with",
                        "set `callback_path` to where your proxy sends the redirect URI",
                    ));
                }
            }
        }
    };
    let login = builder.login_path.clone();
    let logout = builder.logout_path.clone();
    let (deauthorize, data_deletion) = (&builder.deauthorize_path, &builder.data_deletion_path);
    let mut named = vec![("login_path", &login), ("callback_path", &callback)];
    named.push(("logout_path", &logout));
    named.extend(deauthorize.as_ref().map(|path| ("deauthorize_path", path)));
    named.extend(data_deletion.as_ref().map(|path| ("data_deletion_path", path)));
    for (index, (field, path)) in named.iter().enumerate() {
        // Some routers match what they have decoded and some what they received, and some give a star
        // a meaning: with such a path a login would work in one mounting and not in another.
        if !is_plain_path(path) || *path == "/" || path.contains(['%', '*']) {
            return Err(ConfigError::new(
                field,
                format!("is `{}`, not a path of its own", path.escape_debug()),
                "begin with a slash and use letters, digits, single slashes and -._~",
            ));
        }
        if let Some((other, _)) = named.iter().take(index).find(|(_, earlier)| *earlier == *path) {
            let problem = format!("is the same path as `{other}`");
            return Err(ConfigError::new(field, problem, "give each route a path of its own"));
        }
    }
    Ok(Paths {
        login,
        callback,
        logout,
        deauthorize: deauthorize.clone(),
        data_deletion: data_deletion.clone(),
        public_prefix: prefix.clone(),
    })
}

fn origins(given: &[String]) -> Result<Vec<String>, ConfigError> {
    const FIELD: &str = "allowed_return_origins";
    given
        .iter()
        .map(|origin| {
            let url = Url::parse(origin).ok().filter(|url| {
                url.scheme() == "https" || url.scheme() == "http" && is_loopback(url)
            });
            let canonical = url.map(|url| url.origin().ascii_serialization());
            // `*` is a legal character of a host to URL parsers, but no wildcard is understood here.
            if canonical.as_ref() == Some(origin) && !origin.contains('*') {
                return Ok(origin.clone());
            }
            let problem = format!("holds `{}`, not an origin", origin.escape_debug());
            let cure = "list each by itself, scheme and host in lower case, the port only when it \
                        is not the default, and nothing after: `https://app.example`";
            Err(ConfigError::new(FIELD, problem, cure))
        })
        .collect()
}

fn landing(field: &'static str, target: &str, origins: &[String]) -> Result<(), ConfigError> {
    if is_local_path(target) || is_allowed_url(target, origins) {
        return Ok(());
    }
    Err(ConfigError::new(
        field,
        format!("is `{}`", target.escape_debug()),
        "use a path of this host such as `/welcome`, or a URL whose origin is listed in \
         `allowed_return_origins`",
    ))
}

/// A login that ends, or fails, at the login would start again for ever.
fn no_circle(
    field: &'static str,
    target: &str,
    paths: &Paths,
    redirect_uri: &RedirectUri,
) -> Result<(), ConfigError> {
    let Some(target) = path_on(redirect_uri.origin(), target) else {
        return Ok(());
    };
    let own = [&paths.login, &paths.callback, &paths.logout].into_iter();
    let own = own.chain(&paths.deauthorize).chain(&paths.data_deletion);
    if own.into_iter().any(|path| paths.public(path) == target) {
        let problem = "is one of the login's own routes, which would go round in circles";
        return Err(ConfigError::new(field, problem, "name a page of the app"));
    }
    Ok(())
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

fn keyring(builder: &ConfigBuilder) -> Result<Keyring, ConfigError> {
    let sets = if builder.cookie_secrets.is_empty() {
        from_client_secrets(builder)?
    } else {
        from_cookie_secrets(&builder.cookie_secrets)?
    };
    let mut sets = sets.into_iter();
    match sets.next() {
        Some(newest) => Ok(Keyring::new(newest, sets.collect())),
        None => Err(ConfigError::new("cookie_secrets", "are empty", MAKE_A_SECRET)),
    }
}

fn from_cookie_secrets(secrets: &[Vec<u8>]) -> Result<Vec<KeySet>, ConfigError> {
    const FIELD: &str = "cookie_secrets";
    let mut sets: Vec<KeySet> = Vec::new();
    for (index, secret) in secrets.iter().enumerate() {
        let number = index + 1;
        if let Some(refusal) = secret::refusal(secret) {
            let problem = format!("cannot be used: number {number} {refusal}");
            return Err(ConfigError::new(FIELD, problem, MAKE_A_SECRET));
        }
        let set = derive(FIELD, secret, Origin::CookieSecret)?;
        if sets.iter().any(|earlier| earlier.id == set.id) {
            let problem = format!("name the same secret twice: number {number} is an earlier one");
            return Err(ConfigError::new(FIELD, problem, "list each secret once, newest first"));
        }
        sets.push(set);
    }
    Ok(sets)
}

fn from_client_secrets(builder: &ConfigBuilder) -> Result<Vec<KeySet>, ConfigError> {
    const FIELD: &str = "cookie_secrets";
    if builder.store.is_some() {
        return Err(ConfigError::new(FIELD, "are not set, and a store needs them", MAKE_A_SECRET));
    }
    let secret = |secret: &SecretString| {
        let bytes = secret.expose_secret().as_bytes();
        if bytes.len() < MIN_SECRET_BYTES {
            let problem = "are not set, and the app secret is too short to take their place";
            return Err(ConfigError::new(FIELD, problem, MAKE_A_SECRET));
        }
        derive(FIELD, bytes, Origin::ClientSecret)
    };
    let mut sets = vec![secret(&builder.client_secret)?];
    for earlier in &builder.earlier_client_secrets {
        let set = secret(earlier)?;
        if !sets.iter().any(|known| known.id == set.id) {
            sets.push(set);
        }
    }
    Ok(sets)
}

fn derive(field: &'static str, secret: &[u8], origin: Origin) -> Result<KeySet, ConfigError> {
    KeySet::derive(secret, origin)
        .ok_or_else(|| ConfigError::new(field, "give no keys", MAKE_A_SECRET))
}

fn http_client(
    builder: &mut ConfigBuilder,
    called: &[&Url],
) -> Result<Arc<dyn HttpClient>, ConfigError> {
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
) -> Result<Arc<dyn HttpClient>, ConfigError> {
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
) -> Result<Arc<dyn HttpClient>, ConfigError> {
    Err(ConfigError::new(
        "http_client",
        "is not set",
        "pass a client of your own, or turn the `reqwest` feature on",
    ))
}
