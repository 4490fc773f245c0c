//! Other people's scripts and sites around the app.

use super::{Outcome, checks, ensure};
use crate::facts::window;
use crate::site::Site;
use crate::visit::{Named, Visit};

checks! {
    Usual: a_service_worker_that_passes_everything_through, a_foreign_frame_starts_no_login,
        htmx_leads_to_the_window, turbo_leads_to_the_window,
        a_sibling_host_reads_and_logs_out;
}

async fn log_in(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.gateway.app("/me")).await?;
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.is_at(&site.gateway.app("/me")).await
}

async fn a_service_worker_that_passes_everything_through(
    visit: &Visit<'_>,
    site: &Site,
) -> Outcome {
    visit.open(&site.gateway.app("/test/worker.html")).await?;
    // Tests' certificates are believed by nobody: Chromium takes no worker from such a site.
    let registered = "navigator.serviceWorker.register('/test/worker.js', {scope: '/'}).then(() => \
                      navigator.serviceWorker.ready).then(() => true)";
    ensure(visit.evaluate(registered).await? == true, "no worker")?;
    visit.reload().await?;
    let controlled = "navigator.serviceWorker.controller !== null";
    ensure(visit.evaluate(controlled).await? == true, "the worker does not see requests")?;
    log_in(visit, site).await?;
    visit.sees(&site.app.user_id()).await
}

async fn a_foreign_frame_starts_no_login(visit: &Visit<'_>, site: &Site) -> Outcome {
    // Browsers say that the page may not be in a frame.
    visit.expect("frame");
    visit.expect("X-Frame-Options");
    visit.open(&site.gateway.foreign("/frame.html")).await?;
    visit.sees("Another site").await?;
    let cookies = visit.cookies().await?;
    ensure(cookies.is_empty(), format!("a frame got {cookies:?}"))
}

async fn htmx_leads_to_the_window(visit: &Visit<'_>, site: &Site) -> Outcome {
    // What is fetched is refused; the answer says where to go.
    visit.expect("403");
    visit.open(&site.gateway.app("/test/htmx.html")).await?;
    visit.click(Named { role: "button", name: "Log in" }).await?;
    visit.sees(window::SIGN).await
}

async fn turbo_leads_to_the_window(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.expect("401");
    visit.open(&site.gateway.app("/test/turbo.html")).await?;
    visit.click(Named { role: "link", name: "My page" }).await?;
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.is_at(&site.gateway.app("/me")).await
}

async fn a_sibling_host_reads_and_logs_out(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.expect("401");
    let status = |method: &str, path: &str| {
        let url = site.gateway.app(path);
        format!(
            "fetch('{url}', {{method: '{method}', credentials: 'include', \
             headers: {{accept: 'application/json'}}}}).then(answer => answer.status)"
        )
    };
    log_in(visit, site).await?;
    visit.open(&site.gateway.spa("/spa.html")).await?;
    for (method, path, expected) in
        [("GET", "/me", 200), ("POST", "/auth/instagram/logout", 204), ("GET", "/me", 401)]
    {
        let got = visit.evaluate(&status(method, path)).await?;
        ensure(got == expected, format!("{method} {path}: {got}"))?;
    }
    let cookies = visit.cookies().await?;
    ensure(cookies.is_empty(), format!("left after a logout: {cookies:?}"))
}
