//! Cookies as browsers keep them.

use super::login::log_in;
use super::{Outcome, checks, ensure};
use crate::facts::{home, window};
use crate::site::Site;
use crate::visit::{Cookie, Visit};

checks! {
    Usual: cookies_over_https_are_host_only_and_secure, cookies_on_loopback;
    NoCookies: blocked_cookies_end_in_a_page_with_a_way_on;
}

const WEEK: f64 = 7.0 * 24.0 * 3600.0;

fn only<'a>(cookies: &'a [Cookie], prefix: &str) -> Result<&'a Cookie, String> {
    match cookies {
        [cookie] if cookie.name.starts_with(prefix) => Ok(cookie),
        _ => Err(format!("not one cookie {prefix}…: {cookies:?}")),
    }
}

/// Unix seconds.
fn now() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64()
}

fn is_well_kept(cookie: &Cookie, secure: bool, domain: &str) -> Outcome {
    let well = cookie.http_only
        && cookie.secure == secure
        && cookie.same_site == "lax"
        && cookie.path == "/"
        && cookie.domain == domain;
    ensure(well, format!("{cookie:?}"))
}

async fn cookies_over_https_are_host_only_and_secure(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.gateway.app("/me")).await?;
    visit.sees(window::SIGN).await?;
    let cookies = visit.cookies().await?;
    let attempt = only(&cookies, "__Host-ig_login_")?;
    is_well_kept(attempt, true, "app.example.test")?;
    let left = attempt.expires.unwrap_or_default() - now();
    ensure(left > 0.0 && left < 3600.0, format!("an attempt for {left} s"))?;
    visit.click(window::ALLOW).await?;
    visit.is_at(&site.gateway.app("/me")).await?;
    // The attempt's cookie has been removed.
    let cookies = visit.cookies().await?;
    let session = only(&cookies, "__Host-ig_session_")?;
    is_well_kept(session, true, "app.example.test")?;
    let left = session.expires.unwrap_or_default() - now();
    ensure(left > WEEK, format!("a session for {left} s"))?;
    let seen = visit.evaluate("document.cookie").await?;
    ensure(seen == "", format!("scripts read {seen}"))
}

async fn cookies_on_loopback(visit: &Visit<'_>, site: &Site) -> Outcome {
    log_in(visit, site).await?;
    let cookies = visit.cookies().await?;
    is_well_kept(only(&cookies, "ig_session_")?, false, "127.0.0.1")?;
    visit.click(home::LOG_OUT).await?;
    visit.sees(home::VISITOR).await?;
    let cookies = visit.cookies().await?;
    ensure(cookies.is_empty(), format!("left after a logout: {cookies:?}"))
}

async fn blocked_cookies_end_in_a_page_with_a_way_on(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/")).await?;
    visit.click(home::LOG_IN).await?;
    visit.click(window::ALLOW).await?;
    visit.find(crate::facts::pages::TRY_AGAIN).await?;
    let cookies = visit.cookies().await?;
    ensure(cookies.is_empty(), format!("stored although blocked: {cookies:?}"))
}
