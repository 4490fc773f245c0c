//! How pages look, to eyes and to assistive technology.

use std::path::Path;

use super::{Outcome, checks, ensure};
use crate::facts::{home, pages, window};
use crate::launch::{Kind, left_out};
use crate::site::Site;
use crate::visit::Visit;

checks! {
    Usual: every_page_is_accessible, no_page_scrolls_sideways_on_a_phone;
    Dark: every_page_is_accessible_in_the_dark;
    ForcedColours: buttons_keep_a_border_in_forced_colours;
}

/// Pages that are an address away: of the crate, of the examples, of the simulator.
fn addresses(site: &Site) -> Vec<(&'static str, String)> {
    vec![
        ("example-visitor", site.example.url("/")),
        ("connect-enter", site.connect.url("/")),
        ("window", site.example.url("/auth/instagram/login")),
        ("page-login-not-complete", site.example.url("/auth/instagram/callback?code=x")),
        ("page-not-for-opening", site.example.url("/auth/instagram/logout")),
        ("page-no-such-request", site.example.url("/auth/instagram/data-deletion?code=none")),
    ]
}

/// Does the same with every page: those above, and those that a login shows.
async fn on_each_page(
    visit: &Visit<'_>,
    site: &Site,
    look: impl AsyncFn(&'static str) -> Outcome,
) -> Outcome {
    for (name, url) in addresses(site) {
        visit.open(&url).await?;
        look(name).await?;
    }
    visit.open(&site.example.url("/auth/instagram/login")).await?;
    visit.click(window::CANCEL).await?;
    visit.sees(pages::CANCELLED).await?;
    look("page-cancelled").await?;
    visit.click(pages::TRY_AGAIN).await?;
    visit.sees(window::SIGN).await?;
    visit.click(window::ALLOW).await?;
    visit.sees(home::USER).await?;
    look("example-user").await
}

/// What axe-core finds, in a line each.
const FINDINGS: &str = "axe.run().then(found => found.violations.map(one => `${one.id}: ${one.help} \
                        (${one.nodes.map(node => node.target).join(', ')})`))";

async fn accessible(visit: &Visit<'_>, site: &Site, suffix: &str) -> Outcome {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/axe-core/axe.min.js");
    let Ok(axe) = std::fs::read_to_string(file) else {
        left_out("accessibility: axe-core is not there (npm ci --prefix tests/browser)");
        return Ok(());
    };
    visit.resize(800, 560).await?;
    on_each_page(visit, site, async |name| {
        visit.run(&axe).await?;
        let found = visit.evaluate(FINDINGS).await?;
        ensure(found == serde_json::json!([]), format!("{name}: {found}"))?;
        save(visit, &format!("{name}{suffix}")).await
    })
    .await
}

/// Keeps a picture, where `SAVE_PAGES` names a folder: Chromium's, since both look alike.
async fn save(visit: &Visit<'_>, name: &str) -> Outcome {
    let Some(folder) = std::env::var_os("SAVE_PAGES") else { return Ok(()) };
    if visit.browser.kind != Kind::Chromium {
        return Ok(());
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).join(name);
    let picture = visit.screenshot().await?;
    std::fs::write(file.with_extension("png"), picture).map_err(|error| error.to_string())
}

async fn every_page_is_accessible(visit: &Visit<'_>, site: &Site) -> Outcome {
    accessible(visit, site, "").await
}

async fn every_page_is_accessible_in_the_dark(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/")).await?;
    let dark = visit.evaluate("matchMedia('(prefers-color-scheme: dark)').matches").await?;
    ensure(dark == true, "the browser is not dark")?;
    accessible(visit, site, "-dark").await
}

async fn no_page_scrolls_sideways_on_a_phone(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.resize(320, 640).await?;
    on_each_page(visit, site, async |name| {
        let widths = visit.evaluate("[document.documentElement.scrollWidth, innerWidth]").await?;
        let (content, room) = (widths[0].as_u64(), widths[1].as_u64());
        ensure(content <= room && room == Some(320), format!("{name}: {widths}"))
    })
    .await
}

async fn buttons_keep_a_border_in_forced_colours(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.open(&site.example.url("/")).await?;
    let forced = visit.evaluate("matchMedia('(forced-colors: active)').matches").await?;
    ensure(forced == true, "the browser does not force its colours")?;
    let bare = "[...document.querySelectorAll('button, a.act')].filter(one => \
                parseFloat(getComputedStyle(one).borderTopWidth) < 1 || \
                getComputedStyle(one).borderTopStyle === 'none').map(one => one.innerText)";
    on_each_page(visit, site, async |name| {
        let found = visit.evaluate(bare).await?;
        ensure(found == serde_json::json!([]), format!("{name}: no border on {found}"))
    })
    .await
}
