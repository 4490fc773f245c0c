//! The examples that connect accounts to users of an app's own.

use ig_oauth_conformance::example::Example;

use super::{Outcome, checks, ensure};
use crate::facts::{connect, window};
use crate::site::Site;
use crate::visit::Visit;

checks! {
    Usual: two_accounts_are_connected_and_one_is_disconnected,
        a_strict_cookie_of_the_app_takes_one_bounce, a_lax_cookie_of_the_app_takes_no_bounce;
}

/// A user of that name enters the app, who has connected no account yet.
async fn enter(visit: &Visit<'_>, example: &Example, name: &str) -> Outcome {
    visit.open(&example.url("/")).await?;
    visit.evaluate(&format!("void (document.querySelector('#name').value = '{name}')")).await?;
    visit.click(connect::ENTER).await?;
    visit.sees(connect::NONE).await
}

async fn two_accounts_are_connected_and_one_is_disconnected(
    visit: &Visit<'_>,
    site: &Site,
) -> Outcome {
    enter(visit, &site.connect, "ann").await?;
    // The app's own session is `SameSite=Strict`: the way back from the window takes one bounce more.
    let mut names = Vec::new();
    for index in 0..2_usize {
        visit.click(connect::CONNECT).await?;
        visit.sees(window::SIGN).await?;
        let radio = format!(
            "(() => {{ const account = document.querySelectorAll('input[type=radio]')[{index}]; \
             account.click(); return account.closest('label').innerText }})()"
        );
        let label = visit.evaluate(&radio).await?;
        let name = label.as_str().unwrap_or_default().split_whitespace().next();
        names.push(name.unwrap_or_default().to_owned());
        visit.click(window::ALLOW).await?;
        visit.sees(&format!("@{}", names[index])).await?;
        visit.is_at(&site.connect.url("/")).await?;
    }
    visit.sees(&format!("@{}", names[0])).await?;
    visit.click(connect::DISCONNECT).await?;
    let look = || async {
        let text = visit.text().await?;
        let left: Vec<_> = names.iter().filter(|name| text.contains(&format!("@{name}"))).collect();
        Ok((left.len() == 1).then_some(()))
    };
    visit.until("to see one account", look).await
}

/// A user of this app connects an account. Returns how many pages its callback showed on the way,
/// not counting the request that bounced.
async fn bounces(visit: &Visit<'_>, example: &Example) -> Result<usize, String> {
    enter(visit, example, "bob").await?;
    visit.click(connect::CONNECT).await?;
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.sees("@simulated.bakery").await?;
    visit.is_at(&example.url("/")).await?;
    let callback = example.url("/auth/instagram/callback");
    let mut shown = visit.shown();
    shown.retain(|url| url.starts_with(&callback));
    let again = shown.iter().any(|url| url.ends_with("&hop=1"));
    if again { Err(format!("a page after the bounce: {shown:?}")) } else { Ok(shown.len()) }
}

async fn a_strict_cookie_of_the_app_takes_one_bounce(visit: &Visit<'_>, site: &Site) -> Outcome {
    // Browsers hold the cookie back on the way from the window, and send it along from the page that
    // is shown meanwhile.
    let bounces = bounces(visit, &site.connect).await?;
    let cookies = visit.cookies().await?;
    let is_strict = cookies.iter().any(|cookie| cookie.same_site == "strict");
    ensure(is_strict, format!("no strict cookie: {cookies:?}"))?;
    ensure(bounces == 1, format!("{bounces} bounces with a strict cookie"))
}

async fn a_lax_cookie_of_the_app_takes_no_bounce(visit: &Visit<'_>, site: &Site) -> Outcome {
    let lax = Example::start(site.programs.connect, &[("SESSION_SAME_SITE", "lax")]);
    let bounces = bounces(visit, &lax).await?;
    ensure(bounces == 0, format!("{bounces} bounces with a lax cookie"))
}
