//! Other people's sites and workers around the app.

use ig_oauth_fake_instagram::Endpoint;

use super::{Outcome, checks, ensure};
use crate::facts::window;
use crate::gateway::Answered;
use crate::site::Site;
use crate::visit::Visit;

checks! {
    Usual: a_service_worker_that_passes_everything_through, a_foreign_frame_starts_no_login,
        a_sibling_host_reads_and_logs_out;
}

pub(super) async fn log_in(visit: &Visit<'_>, site: &Site) -> Outcome {
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
    // No browser trusts the tests' certificates: Chromium accepts no worker from such a site.
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
    let windows = || site.app.provider.count(Endpoint::Authorize);
    let (answers_before, windows_before) = (site.gateway.answered().len(), windows());
    visit.open(&site.gateway.foreign("/frame.html")).await?;
    // Once the page is there: Firefox may take an error in a frame of it for one of the page.
    let login = site.gateway.app("/auth/instagram/login");
    let frame = format!(
        "void document.body.append(Object.assign(document.createElement('iframe'), \
         {{ src: '{login}', title: 'a login' }}))"
    );
    visit.evaluate(&frame).await?;
    let look = || async {
        let answers: Vec<_> = site.gateway.answered().into_iter().skip(answers_before).collect();
        Ok((!answers.is_empty()).then_some(answers))
    };
    let answers = visit.until("to see an answer for the frame", look).await?;
    let target = "/auth/instagram/login".to_owned();
    let refused = Answered { target, status: 403, sets_cookie: false };
    ensure(answers == [refused], format!("a frame was answered {answers:?}"))?;
    ensure(windows() == windows_before, "a frame led to the window")?;
    let cookies = visit.cookies().await?;
    ensure(cookies.is_empty(), format!("a frame got {cookies:?}"))
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
