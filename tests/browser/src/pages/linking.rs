//! The crate's pages where users of an app connect accounts.

use ig_oauth_common::Text;

use super::login::SECRET_REFUSED;
use super::pages;
use super::steps::{
    ALLOW, FORM, allowed, allowed_less, cancelled, foreign_form, own_form, press, stale,
    to_the_window_as,
};
use crate::checks::Outcome;
use crate::stages::{Act, Stage};
use crate::visit::Visit;

const LOGIN: &str = "/auth/instagram/login";

pages! {
    "linking-button", Text::Connect.english(), |visit, site| async {
        visit.open(&site.stages.linking.app.url("/app-login?ann&Lax")).await?;
        visit.open(&site.stages.linking.app.login("")).await
    };
    "linking-bounce", Text::GoingOn.english(), |visit, site| bounce(visit, &site.stages.linking);
    "linking-cancelled", Text::LinkingDeclined.english(), |visit, site| {
        cancelled(visit, &site.stages.linking)
    };
    "linking-refused-by-instagram", Text::LinkingRefused.english(), |visit, site| {
        allowed(visit, &site.stages.linking, |stage| stage.window_says(&[("error", "invalid_scope")]))
    };
    "linking-cannot-go-on", Text::LinkingCannotGoOn.english(), |visit, site| {
        stale(visit, &site.stages.linking)
    };
    "linking-without-cookies", Text::NoCookie.english(), |visit, site| async {
        visit.open(&site.stages.linking.app.url("/auth/instagram/callback?code=x")).await
    };
    "linking-code-not-accepted", Text::LinkingNotAccepted.english(), |visit, site| {
        allowed(visit, &site.stages.linking, |stage| stage.window_says(&[("code", "unknown")]))
    };
    "linking-permission-missing", Text::PermissionExplained.english(), |visit, site| {
        allowed_less(visit, &site.stages.linking)
    };
    "linking-settings-refused", Text::SettingsRefused.english(), |visit, site| {
        allowed(visit, &site.stages.linking, |stage| stage.exchange_fails(400, SECRET_REFUSED))
    };
    "linking-no-answer", Text::LinkingUnavailable.english(), |visit, site| {
        allowed(visit, &site.stages.linking, |stage| stage.exchange_fails(500, "{}"))
    };
    "linking-store-away", Text::LinkingStore.english(), |visit, site| {
        allowed(visit, &site.stages.linking, Stage::lose_the_store)
    };
    "linking-rejected-by-app", Text::Rejected.english(), |visit, site| {
        allowed(visit, &site.stages.linking, |stage| stage.act(Act::Refuses))
    };
    "linking-went-wrong", Text::LinkingWrong.english(), |visit, site| {
        allowed(visit, &site.stages.linking, |stage| stage.act(Act::Fails))
    };
    "linking-from-another-site", Text::LinkingOwnWindow.english(), |visit, site| async {
        // Without `SameSite`, browsers send a young cookie along with the posts of other sites.
        visit.open(&site.stages.linking.app.url("/app-login?ann&")).await?;
        foreign_form(visit, &site.stages.linking, LOGIN).await
    };
    "linking-by-a-form", Text::ForAButton.english(), |visit, site| {
        own_form(visit, &site.stages.linking, "/auth/instagram/callback", FORM, &[])
    };
    "linking-without-user", Text::LogInToSite.english(), |visit, site| async {
        visit.open(&site.stages.linking.app.login("")).await
    };
}

/// The app's own session is `SameSite=Strict`, so it is not sent on the redirect from the window.
/// The page continues immediately, and stays if the next request has no session either.
async fn bounce(visit: &Visit<'_>, stage: &Stage) -> Outcome {
    to_the_window_as(visit, stage, "ann&Strict").await?;
    stage.act(Act::SaysNothing);
    press(visit, ALLOW).await
}
