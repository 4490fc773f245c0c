//! The suite sees what goes wrong in a page: every other check relies on it.

use super::{Outcome, checks, ensure};
use crate::site::Site;
use crate::visit::Visit;

checks! { Usual: errors_of_every_kind_are_seen; }

async fn errors_of_every_kind_are_seen(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.gateway.app("/test/broken.html")).await?;
    let kinds = [
        "console: logged by the page",
        "console: Error: thrown by the page",
        "policy: script-src",
        "network: 404",
        "load: IMG",
    ];
    for kind in kinds {
        let look = || async {
            let complaints = visit.complaints();
            Ok(complaints.iter().any(|complaint| complaint.0.contains(kind)).then_some(()))
        };
        visit.until(&format!("to see a complaint \"{kind}\""), look).await?;
    }
    for words in ["by the page", "policy: script-src", "404", "load: IMG", "Content"] {
        visit.expect(words);
    }
    ensure(visit.evaluate("window.ran").await?.is_null(), "the forbidden script did run")
}
