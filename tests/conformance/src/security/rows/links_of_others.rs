//! Section 15: what an old link is worth to a user of the app that it was not made for.

use std::time::Duration;

use crate::browser::Response;
use crate::harness::{Adapter, Settings};
use ig_oauth_common::AuthErrorKind;

use super::forgeries::Kinds;
use crate::security::site::{LOGIN, Site, attempt};

const ANN: &str = "app_user=ann";
const BOB: &str = "app_user=bob";
const PRESSED: (&str, &str) = ("sec-fetch-site", "same-origin");

/// What the form of the button page posts to. Nothing has begun by the page.
fn button(page: &Response) -> String {
    assert_eq!((page.status, page.header("set-cookie")), (200, None), "{}", page.describe());
    let text = page.text();
    let form = text.split_once("<form method=\"post\" action=\"").expect("a form").1;
    form.split('"').next().unwrap().to_owned()
}

pub async fn w_08_another_users_old_link_renews_nothing(adapter: &impl Adapter) {
    for linking in [true, false] {
        let kinds = Kinds::default();
        let hooks = kinds.clone();
        let settings =
            Settings::new().configure(move |builder| builder.linking(linking).hooks(hooks));
        let site = Site::with(adapter, settings).await;
        // A link for Ann that returns to her page, like "Try again".
        let headers = [("cookie", ANN), PRESSED];
        let started =
            attempt(&site.send("POST", &format!("{LOGIN}?return_to=/page/roses"), &headers).await);
        let cookies = format!("{}; {ANN}", started.cookie());
        let cancelled =
            site.call_back(&format!("error=access_denied&state={}", started.state), &cookies).await;
        let text = cancelled.text();
        let (_, link) = text.split_once(&format!("\"{LOGIN}?options=")).expect("a link");
        let link = format!("{LOGIN}?options={}", link.split('"').next().unwrap());
        site.app.advance(Duration::from_secs(11 * 60));

        for other in [BOB, ""] {
            let page = site.get(&link, other).await;
            if linking && other.is_empty() {
                assert_eq!((page.status, page.header("set-cookie")), (401, None));
                assert!(!page.text().contains("options="), "{}", page.text());
                continue;
            }
            let text = page.text();
            assert_eq!((page.status, page.header("set-cookie")), (200, None), "{linking} {other}");
            assert!(!text.contains("options=") && !text.contains("roses"), "{linking}: {text}");
            assert!(text.contains(&format!("\"{LOGIN}\"")), "the plain button: {text}");
        }
        // To Ann's it is renewed. To press that button is worth nothing to Bob.
        let action = button(&site.get(&link, ANN).await);
        assert!(action.contains("options="), "{action}");
        let pressed = site.send("POST", &action, &[("cookie", BOB), PRESSED]).await;
        assert_eq!(button(&pressed), LOGIN, "{linking}");
        let started = attempt(&site.send("POST", &action, &[("cookie", ANN), PRESSED]).await);
        // Nor is her attempt: it ends, and "Try again" is the plain login.
        let query = format!("code={}&state={}", site.code(), started.state);
        let refused = site.call_back(&query, &format!("{}; {BOB}", started.cookie())).await;
        assert_eq!(kinds.take().last(), Some(&AuthErrorKind::WrongContext), "{linking}");
        let text = refused.text();
        assert!(text.contains(&format!("href=\"{LOGIN}\"")), "{linking}: {text}");
        assert!(!text.contains("options=") && !text.contains("roses"), "{linking}: {text}");
        assert_eq!(site.exchanges(), 0);
        // By her it ends at her page.
        let started = attempt(&site.send("POST", &action, &[("cookie", ANN), PRESSED]).await);
        let query = format!("code={}&state={}", site.code(), started.state);
        let done = site.call_back(&query, &format!("{}; {ANN}", started.cookie())).await;
        assert_eq!(done.location(), "/page/roses#", "{linking}: {}", done.describe());
    }
}
