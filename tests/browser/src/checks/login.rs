//! The main job, and what people do instead.

use super::{Outcome, checks, ensure};
use crate::facts::{home, pages, window};
use crate::site::Site;
use crate::visit::Visit;

checks! {
    Usual: a_login, a_login_that_is_cancelled_and_tried_again, a_login_with_fewer_permissions,
        asking_for_more, a_deep_link_leads_back_to_itself, a_logout, a_logout_and_the_back_button,
        a_login_over_https, the_keyboard_is_enough;
    NoScripts: a_login_without_scripts;
}

/// From the home page through the window, and in.
pub(super) async fn log_in(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/")).await?;
    visit.sees(home::VISITOR).await?;
    visit.click(home::LOG_IN).await?;
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.sees(home::USER).await
}

async fn a_login(visit: &Visit<'_>, site: &Site) -> Outcome {
    log_in(visit, site).await?;
    // The provider appends `#_`, and browsers carry fragments over redirects that have none.
    visit.is_at(&site.example.url("/")).await?;
    visit.reload().await?;
    visit.sees(home::USER).await
}

async fn a_login_that_is_cancelled_and_tried_again(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/")).await?;
    visit.click(home::LOG_IN).await?;
    visit.click(window::CANCEL).await?;
    visit.sees(pages::CANCELLED).await?;
    visit.click(pages::TRY_AGAIN).await?;
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.sees(home::USER).await
}

async fn a_login_with_fewer_permissions(visit: &Visit<'_>, site: &Site) -> Outcome {
    log_in(visit, site).await?;
    visit.click(home::MORE).await?;
    visit.sees(window::SIGN).await?;
    visit.choose(window::COMMENTS).await?;
    visit.click(window::ALLOW).await?;
    visit.sees(home::USER).await?;
    let text = visit.text().await?;
    ensure(!text.contains(window::COMMENTS), format!("granted all the same: {text}"))?;
    ensure(text.contains("instagram_business_manage_insights"), format!("the other one: {text}"))
}

async fn asking_for_more(visit: &Visit<'_>, site: &Site) -> Outcome {
    log_in(visit, site).await?;
    let before = visit.text().await?;
    ensure(!before.contains(window::COMMENTS), "granted before it was asked for")?;
    visit.click(home::MORE).await?;
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.sees(window::COMMENTS).await?;
    visit.sees(home::USER).await
}

async fn a_deep_link_leads_back_to_itself(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/")).await?;
    visit.click(home::DEEP).await?;
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.is_at(&site.example.url("/me")).await?;
    visit.sees("user_id").await
}

async fn a_logout(visit: &Visit<'_>, site: &Site) -> Outcome {
    log_in(visit, site).await?;
    visit.click(home::LOG_OUT).await?;
    visit.sees(home::VISITOR).await?;
    visit.open(&site.example.url("/me")).await?;
    visit.sees(window::SIGN).await
}

async fn a_logout_and_the_back_button(visit: &Visit<'_>, site: &Site) -> Outcome {
    log_in(visit, site).await?;
    visit.click(home::LOG_OUT).await?;
    visit.sees(home::VISITOR).await?;
    visit.back(1).await?;
    let look = || async {
        let text = visit.text().await?;
        let shows_user = text.contains(home::USER);
        Ok((!shows_user && !text.is_empty()).then_some(()))
    };
    visit.until("not to see the user's page after a logout", look).await?;
    visit.open(&site.example.url("/")).await?;
    visit.sees(home::VISITOR).await
}

async fn a_login_over_https(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.gateway.app("/me")).await?;
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.is_at(&site.gateway.app("/me")).await?;
    visit.sees(&site.app.user_id()).await
}

/// Tab and Enter, as WebDriver writes them.
const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";

/// Presses Tab until the focus is on what is called that, and sees that the focus is visible.
async fn tab_to(visit: &Visit<'_>, name: &str) -> Outcome {
    for _ in 0..25 {
        visit.keys(TAB).await?;
        let focus = visit
            .evaluate(
                "(() => { const at = document.activeElement; const style = getComputedStyle(at); \
                 return [at.innerText || '', style.outlineStyle, style.outlineWidth] })()",
            )
            .await?;
        if focus[0].as_str().is_some_and(|text| text.trim() == name) {
            let seen = focus[1] != "none" && focus[2] != "0px";
            return ensure(seen, format!("no focus to be seen at {name}: {focus}"));
        }
    }
    Err(format!("Tab does not lead to {name}"))
}

async fn the_keyboard_is_enough(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/")).await?;
    tab_to(visit, home::LOG_IN.name).await?;
    visit.keys(ENTER).await?;
    visit.find(window::CANCEL).await?;
    tab_to(visit, window::CANCEL.name).await?;
    visit.keys(ENTER).await?;
    visit.find(pages::TRY_AGAIN).await?;
    tab_to(visit, pages::TRY_AGAIN.name).await?;
    visit.keys(ENTER).await?;
    visit.find(window::ALLOW).await?;
    tab_to(visit, window::ALLOW.name).await?;
    visit.keys(ENTER).await?;
    visit.find(home::LOG_OUT).await?;
    tab_to(visit, home::LOG_OUT.name).await?;
    visit.keys(ENTER).await?;
    visit.find(home::LOG_IN).await?;
    Ok(())
}

async fn a_login_without_scripts(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/")).await?;
    visit.click(home::LOG_IN).await?;
    visit.click(window::ALLOW).await?;
    visit.find(home::LOG_OUT).await?;
    Ok(())
}
