//! Turbo 8 and htmx 2, which fetch what browsers would open.

use super::others::log_in;
use super::{Outcome, checks, ensure};
use crate::facts::{pages, window};
use crate::site::Site;
use crate::visit::{Named, Visit};

checks! {
    Usual: turbo_leads_a_link_to_the_window, turbo_sends_a_form_after_a_login_and_gets_a_stream,
        turbo_shows_which_permission_is_missing, turbo_logs_out,
        htmx_leads_a_button_to_the_window, htmx_gets_its_fragment_after_a_login,
        htmx_sends_a_form, htmx_learns_which_permission_is_missing, htmx_logs_out;
}

const TURBO: &str = "/test/turbo.html";
const HTMX: &str = "/test/htmx.html";

const fn link(name: &'static str) -> Named {
    Named { role: "link", name }
}

const fn button(name: &'static str) -> Named {
    Named { role: "button", name }
}

/// Through the window, and back to the page where it began.
async fn allow(visit: &Visit<'_>, site: &Site, page: &str) -> Outcome {
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.is_at(&site.gateway.app(page)).await
}

/// A user on this page.
async fn user_on(visit: &Visit<'_>, site: &Site, page: &str) -> Outcome {
    log_in(visit, site).await?;
    visit.open(&site.gateway.app(page)).await
}

/// The page was changed in its place, and not left.
async fn stays_on(visit: &Visit<'_>, site: &Site, page: &str) -> Outcome {
    visit.is_at(&site.gateway.app(page)).await?;
    ensure(visit.evaluate("window.kept").await? == true, "the page was loaded again")
}

/// A page that was loaded before a click.
async fn mark(visit: &Visit<'_>) -> Outcome {
    visit.evaluate("void (window.kept = true)").await?;
    Ok(())
}

async fn turbo_leads_a_link_to_the_window(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.expect("401");
    visit.open(&site.gateway.app(TURBO)).await?;
    visit.click(link("My page")).await?;
    allow(visit, site, "/me").await
}

async fn turbo_sends_a_form_after_a_login_and_gets_a_stream(
    visit: &Visit<'_>,
    site: &Site,
) -> Outcome {
    // The form that comes without a login, and the link to the login, which Turbo fetches first.
    visit.expect("401");
    visit.expect("403");
    visit.open(&site.gateway.app(TURBO)).await?;
    visit.click(button("Send a note")).await?;
    visit.sees(pages::NOTHING_SAVED).await?;
    visit.click(link("Log in with Instagram")).await?;
    allow(visit, site, TURBO).await?;
    mark(visit).await?;
    visit.click(button("Send a note")).await?;
    visit.sees(&format!("a note of {}", site.app.user_id())).await?;
    stays_on(visit, site, TURBO).await
}

async fn turbo_shows_which_permission_is_missing(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.expect("403");
    user_on(visit, site, TURBO).await?;
    visit.click(button("Publish")).await?;
    visit.sees("instagram_business_content_publish").await?;
    visit.click(pages::ASK).await?;
    allow(visit, site, TURBO).await?;
    visit.open(&site.gateway.app("/publish")).await?;
    visit.sees("publishing for").await
}

async fn turbo_logs_out(visit: &Visit<'_>, site: &Site) -> Outcome {
    user_on(visit, site, TURBO).await?;
    mark(visit).await?;
    visit.click(button("Log out")).await?;
    visit.sees("You are logged out").await?;
    stays_on(visit, site, "/test/out.html").await?;
    is_logged_out(visit).await
}

async fn htmx_leads_a_button_to_the_window(visit: &Visit<'_>, site: &Site) -> Outcome {
    // What is fetched is refused; the answer says where to go.
    visit.expect("403");
    visit.open(&site.gateway.app(HTMX)).await?;
    visit.click(button("Log in")).await?;
    visit.sees(window::SIGN).await
}

async fn htmx_gets_its_fragment_after_a_login(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.expect("401");
    visit.open(&site.gateway.app(HTMX)).await?;
    visit.click(button("Show my notes")).await?;
    allow(visit, site, HTMX).await?;
    mark(visit).await?;
    visit.click(button("Show my notes")).await?;
    visit.sees(&format!("a note of {}", site.app.user_id())).await?;
    stays_on(visit, site, HTMX).await
}

async fn htmx_sends_a_form(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.expect("401");
    visit.open(&site.gateway.app(HTMX)).await?;
    visit.click(button("Send a note")).await?;
    allow(visit, site, HTMX).await?;
    mark(visit).await?;
    visit.click(button("Send a note")).await?;
    visit.sees(&format!("a note of {}", site.app.user_id())).await?;
    stays_on(visit, site, HTMX).await
}

async fn htmx_learns_which_permission_is_missing(visit: &Visit<'_>, site: &Site) -> Outcome {
    // htmx says so in the console, and the page makes a link of the answer's `login_url`.
    visit.expect("403");
    user_on(visit, site, HTMX).await?;
    mark(visit).await?;
    visit.click(button("Publish")).await?;
    visit.sees("instagram_business_content_publish").await?;
    stays_on(visit, site, HTMX).await?;
    visit.click(link("Grant it")).await?;
    allow(visit, site, HTMX).await?;
    visit.click(button("Publish")).await?;
    visit.sees("publishing for").await
}

async fn htmx_logs_out(visit: &Visit<'_>, site: &Site) -> Outcome {
    user_on(visit, site, HTMX).await?;
    mark(visit).await?;
    visit.click(button("Log out")).await?;
    visit.sees("You are logged out").await?;
    stays_on(visit, site, HTMX).await?;
    is_logged_out(visit).await
}

async fn is_logged_out(visit: &Visit<'_>) -> Outcome {
    let cookies = visit.cookies().await?;
    ensure(cookies.is_empty(), format!("left after a logout: {cookies:?}"))
}
