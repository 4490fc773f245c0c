//! Tabs, windows, and the way back.

use super::login::log_in;
use super::{Outcome, checks};
use crate::facts::{home, window};
use crate::site::Site;
use crate::visit::Visit;

checks! { Usual: two_tabs_log_in_at_once, back_after_a_login_and_reload, a_login_in_a_popup; }

async fn two_tabs_log_in_at_once(visit: &Visit<'_>, site: &Site) -> Outcome {
    let other = visit.second_tab().await?;
    for tab in [visit, &other] {
        tab.look_here().await?;
        tab.open(&site.example.url("/")).await?;
        tab.click(home::LOG_IN).await?;
        tab.sees(window::SIGN).await?;
    }
    // The first that began ends last.
    for tab in [&other, visit] {
        tab.look_here().await?;
        tab.click(window::ALLOW).await?;
        tab.sees(home::USER).await?;
    }
    Ok(())
}

async fn back_after_a_login_and_reload(visit: &Visit<'_>, site: &Site) -> Outcome {
    log_in(visit, site).await?;
    visit.back(1).await?;
    visit.sees(window::SIGN).await?;
    // A window can be answered once.
    visit.back(1).await?;
    visit.is_at(&site.example.url("/")).await?;
    visit.reload().await?;
    visit.sees(home::USER).await
}

async fn a_login_in_a_popup(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/")).await?;
    visit.evaluate("void window.open('/auth/instagram/login', '', 'width=500,height=600')").await?;
    let popup = visit.in_tab(visit.opened().await?);
    popup.sees(window::SIGN).await?;
    popup.click(window::ALLOW).await?;
    popup.sees(home::USER).await?;
    visit.reload().await?;
    visit.sees(home::USER).await?;
    popup.is_at(&site.example.url("/")).await
}
