//! The crate's pages for the provider's own requests, and the status of a deletion.

use ig_oauth_common::Text;
use ig_oauth_common::hooks::DeletionStatus;

use super::pages;
use super::steps::{FORM, own_form};
use crate::checks::Outcome;
use crate::stages::{Act, Stage};
use crate::visit::Visit;

const DELETION: &str = "/auth/instagram/data-deletion";

pages! {
    "platform-not-signed", Text::NotSigned.english(), |visit, site| {
        own_form(visit, &site.stages.login, DELETION, FORM, &[("signed_request", "x.y")])
    };
    "platform-said-twice", Text::RequestIncomplete.english(), |visit, site| {
        let twice = &[("signed_request", "x.y"), ("signed_request", "x.y")];
        own_form(visit, &site.stages.login, DELETION, FORM, twice)
    };
    "platform-no-form", Text::OnlyForms.english(), |visit, site| {
        own_form(visit, &site.stages.login, DELETION, "text/plain", &[("signed_request", "x.y")])
    };
    "platform-too-large", Text::TooLarge.english(), |visit, site| async {
        let large = "x".repeat(17 * 1024);
        own_form(visit, &site.stages.login, DELETION, FORM, &[("signed_request", &large)]).await
    };
    "platform-opened", Text::ForInstagram.english(), |visit, site| async {
        visit.open(&site.stages.login.app.url("/auth/instagram/deauthorize")).await
    };
    "platform-not-done", Text::NotDone.english(), |visit, site| async {
        let stage = &site.stages.login;
        stage.act(Act::Fails);
        let signed = stage.signed_request(7);
        own_form(visit, stage, DELETION, FORM, &[("signed_request", &signed)]).await
    };
    "deletion-queued", Text::DeletionQueued.english(), |visit, site| {
        status(visit, &site.stages.login, 1, DeletionStatus::Queued)
    };
    "deletion-done", Text::DeletionDone.english(), |visit, site| {
        status(visit, &site.stages.login, 2, DeletionStatus::Done)
    };
    "deletion-failed", Text::DeletionFailed.english(), |visit, site| {
        status(visit, &site.stages.login, 3, DeletionStatus::Failed)
    };
    "deletion-unknown", Text::DeletionUnknown.english(), |visit, site| {
        status(visit, &site.stages.posting, 4, DeletionStatus::Done)
    };
    "deletion-no-such-request", Text::NoSuchDeletion.english(), |visit, site| async {
        visit.open(&site.stages.login.app.url(&format!("{DELETION}?code=none"))).await
    };
    "deletion-store-away", Text::CannotLookUp.english(), |visit, site| async {
        let stage = &site.stages.login;
        let url = stage.deletion(5, DeletionStatus::Done).await?;
        stage.lose_the_store();
        visit.open(&url).await
    };
}

async fn status(visit: &Visit<'_>, stage: &Stage, user_id: u32, status: DeletionStatus) -> Outcome {
    visit.open(&stage.deletion(user_id, status).await?).await
}
