//! The pages of the simulator.

use super::pages;
use super::steps::{FORM, posts, to_the_window};
use crate::checks::Outcome;
use crate::facts::window;
use crate::site::Site;
use crate::visit::Visit;

pages! {
    "window", window::SIGN, |visit, site| to_the_window_of_the_example(visit, site);
    "window-removed", window::REMOVED, |visit, site| async {
        to_the_window_of_the_example(visit, site).await?;
        visit.click(window::REMOVE).await
    };
    "window-deletion", "Confirmation code", |visit, site| async {
        to_the_window_of_the_example(visit, site).await?;
        visit.click(window::DELETE).await
    };
    "window-nobody-told", "The app has named no address", |visit, site| async {
        to_the_window(visit, &site.stages.login).await?;
        visit.click(window::REMOVE).await
    };
    "window-closed", "400 Session Invalid", |visit, site| async {
        to_the_window(visit, &site.stages.login).await?;
        let url = site.stages.login.app.provider.authorize_url();
        posts(visit, &url, FORM, &[("window", "closed"), ("decision", "allow")]).await
    };
    "window-of-an-unknown-app", "Invalid platform app", |visit, site| async {
        visit.open(&format!("{}?client_id=1", site.stages.login.app.provider.authorize_url())).await
    };
    "simulator", "This simulates the login of Instagram", |visit, site| async {
        visit.open(&site.stages.login.app.provider.graph_url()).await
    };
}

/// Two accounts, three permissions, and an app with callbacks for users who leave.
async fn to_the_window_of_the_example(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/auth/instagram/login")).await?;
    visit.sees(window::SIGN).await
}
