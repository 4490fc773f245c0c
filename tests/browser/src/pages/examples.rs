//! The pages of the examples.

use super::pages;
use crate::checks::Outcome;
use crate::facts::{connect, home, window};
use crate::site::Site;
use crate::visit::Visit;

pages! {
    "example-visitor", home::VISITOR, |visit, site| async {
        visit.open(&site.example.url("/")).await
    };
    "example-user", home::USER, |visit, site| example_user(visit, site);
    "example-ended", home::ENDED, |visit, site| async {
        example_user(visit, site).await?;
        visit.open(&site.example.url("/auth/instagram/login")).await?;
        visit.click(window::REMOVE).await?;
        visit.sees(window::REMOVED).await?;
        visit.open(&site.example.url("/")).await
    };
    "connect-enter", connect::WHO, |visit, site| async {
        visit.open(&site.connect.url("/")).await
    };
    "connect-none", connect::NONE, |visit, site| connect_user(visit, site, "nobody");
    "connect-accounts", "Disconnect @simulated.studio", |visit, site| async {
        connect_user(visit, site, "pages").await?;
        connected(visit, site, 0).await?;
        connected(visit, site, 1).await
    };
}

async fn example_user(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/auth/instagram/login")).await?;
    visit.click(window::ALLOW).await?;
    visit.sees(home::USER).await
}

async fn connect_user(visit: &Visit<'_>, site: &Site, name: &str) -> Outcome {
    visit.open(&site.connect.url("/")).await?;
    visit.evaluate(&format!("void (document.querySelector('#name').value = '{name}')")).await?;
    visit.click(connect::ENTER).await?;
    visit.sees("Hello, ").await
}

async fn connected(visit: &Visit<'_>, site: &Site, account: usize) -> Outcome {
    visit.click(connect::CONNECT).await?;
    visit.sees(window::SIGN).await?;
    let script = format!("void document.querySelectorAll('input[type=radio]')[{account}].click()");
    visit.evaluate(&script).await?;
    visit.click(window::ALLOW).await?;
    visit.is_at(&site.connect.url("/")).await
}
