//! The crate's pages around logins: their start, their callback, pages of the app, and the logout.

use ig_oauth_common::Text;

use super::pages;
use super::steps::{
    ALLOW, FORM, allowed, allowed_less, as_a_user, cancelled, foreign_form, logging_out, own_form,
    press, stale, to_the_window,
};
use crate::checks::Outcome;
use crate::stages::{Act, Stage};
use crate::visit::Visit;

const CALLBACK: &str = "/auth/instagram/callback";
const LOGIN: &str = "/auth/instagram/login";
const LOGOUT: &str = "/auth/instagram/logout";

/// What the provider answers where the app's own secret is wrong.
pub(super) const SECRET_REFUSED: &str = r#"{"error":{"message":"Error validating client secret.",
    "type":"OAuthException","code":1}}"#;

pages! {
    "login-button", Text::LogInExplained.english(), |visit, site| async {
        visit.open(&site.stages.posting.app.login("")).await
    };
    "login-link", Text::LogInExplained.english(), |visit, site| async {
        visit.open(&site.stages.login.app.login("?options=old")).await
    };
    "login-cancelled", Text::Declined.english(), |visit, site| cancelled(visit, &site.stages.login);
    "login-refused-by-instagram", Text::RefusedToGoOn.english(), |visit, site| {
        allowed(visit, &site.stages.login, |stage| stage.window_says(&[("error", "invalid_scope")]))
    };
    "login-not-complete", Text::Incomplete.english(), |visit, site| async {
        visit.open(&site.stages.login.app.url(&format!("{CALLBACK}?code=a&code=b"))).await
    };
    "login-cannot-go-on", Text::CannotGoOn.english(), |visit, site| {
        stale(visit, &site.stages.login)
    };
    "login-without-cookies", Text::NoCookie.english(), |visit, site| async {
        visit.open(&site.stages.login.app.url(&format!("{CALLBACK}?code=x"))).await
    };
    "login-code-not-accepted", Text::NotAccepted.english(), |visit, site| {
        allowed(visit, &site.stages.login, |stage| stage.window_says(&[("code", "unknown")]))
    };
    "login-permission-missing", Text::PermissionExplained.english(), |visit, site| {
        allowed_less(visit, &site.stages.login)
    };
    "login-settings-refused", Text::SettingsRefused.english(), |visit, site| {
        allowed(visit, &site.stages.login, |stage| stage.exchange_fails(400, SECRET_REFUSED))
    };
    "login-no-answer", Text::NoAnswer.english(), |visit, site| {
        allowed(visit, &site.stages.login, |stage| stage.exchange_fails(500, "{}"))
    };
    "login-busy", Text::LoadAgain.english(), |visit, site| busy(visit, &site.stages.login);
    "login-store-away", Text::StoreAtLogin.english(), |visit, site| {
        allowed(visit, &site.stages.login, Stage::lose_the_store)
    };
    "login-rejected-by-app", Text::Rejected.english(), |visit, site| {
        allowed(visit, &site.stages.login, |stage| stage.act(Act::Refuses))
    };
    "login-went-wrong", Text::WrongAtLogin.english(), |visit, site| {
        allowed(visit, &site.stages.login, |stage| stage.act(Act::Fails))
    };
    "login-from-another-site", Text::OwnWindow.english(), |visit, site| {
        foreign_form(visit, &site.stages.posting, LOGIN)
    };
    "login-by-a-form", Text::ForAButton.english(), |visit, site| {
        own_form(visit, &site.stages.login, LOGIN, FORM, &[])
    };
    "login-too-early", Text::OpenAgain.english(), |visit, site| async {
        visit.open(&site.gateway.app("/auth/instagram/login?early-data")).await
    };
    "app-after-failure", Text::PageNeedsLogin.english(), |visit, site| async {
        visit.open(&site.stages.posting.app.url(&format!("{CALLBACK}?code=x"))).await
    };
    "app-form-without-login", Text::FormNeedsLogin.english(), |visit, site| {
        own_form(visit, &site.stages.login, "/me", FORM, &[])
    };
    "app-permission-missing", Text::AskForPermission.english(), |visit, site| {
        as_a_user(visit, &site.stages.login, |_| (), "/insights")
    };
    "app-store-away", Text::CannotShow.english(), |visit, site| {
        as_a_user(visit, &site.stages.login, Stage::lose_the_store, "/me")
    };
    "app-went-wrong", Text::CannotShowWrong.english(), |visit, site| {
        as_a_user(visit, &site.stages.login, |stage| stage.act(Act::Fails), "/me")
    };
    "logout-button", Text::LogOutExplained.english(), |visit, site| async {
        visit.open(&site.stages.login.app.url(LOGOUT)).await
    };
    "logout-from-another-site", Text::LogOutRefused.english(), |visit, site| {
        foreign_form(visit, &site.stages.login, LOGOUT)
    };
    "logout-store-away", Text::HalfLoggedOutStore.english(), |visit, site| {
        logging_out(visit, &site.stages.login, Stage::lose_the_store)
    };
    "logout-went-wrong", Text::HalfLoggedOutWrong.english(), |visit, site| {
        logging_out(visit, &site.stages.login, |stage| stage.act(Act::Fails))
    };
}

/// One place for exchanges, and a login that holds it.
async fn busy(visit: &Visit<'_>, stage: &Stage) -> Outcome {
    let other = visit.second_tab().await?;
    to_the_window(visit, stage).await?;
    let before = stage.app.exchanges();
    allowed(&other, stage, Stage::hold_exchanges).await?;
    let look = || async { Ok((stage.app.exchanges() > before).then_some(())) };
    visit.until("to see an exchange", look).await?;
    visit.look_here().await?;
    press(visit, ALLOW).await
}
