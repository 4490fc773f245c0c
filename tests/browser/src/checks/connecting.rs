//! The examples that connect accounts to users of an app's own.

use super::{Outcome, checks};
use crate::facts::{connect, window};
use crate::site::Site;
use crate::visit::Visit;

checks! { Usual: two_accounts_are_connected_and_one_is_disconnected; }

async fn two_accounts_are_connected_and_one_is_disconnected(
    visit: &Visit<'_>,
    site: &Site,
) -> Outcome {
    visit.open(&site.connect.url("/")).await?;
    visit.click(connect::ENTER).await?;
    visit.sees(connect::NONE).await?;
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
