//! How every page looks, to eyes and to assistive technology.

use std::cell::RefCell;
use std::path::Path;

use super::{Outcome, checks, ensure};
use crate::launch::{Kind, left_out};
use crate::pages::{Page, Seen, missing_from, pieces, walk, walk_half};
use crate::site::Site;
use crate::visit::Visit;

checks! {
    Usual: every_page_is_accessible_and_used_by_keyboard, no_page_scrolls_sideways_on_a_phone,
        every_page_of_the_crates_table_is_in_the_list;
    Dark: every_page_is_accessible_in_the_dark;
    ForcedColours: every_page_keeps_its_borders_in_forced_colours;
}

async fn every_page_is_accessible_and_used_by_keyboard(visit: &Visit<'_>, site: &Site) -> Outcome {
    let axe = axe()?;
    let seen = RefCell::new(Seen::new());
    visit.resize(800, 560).await?;
    walk(visit, site, async |page| {
        let texts = pieces(visit).await?;
        seen.borrow_mut().insert(page.name, texts);
        is_accessible(visit, axe.as_deref()).await?;
        save(visit, page, "").await?;
        is_used_by_keyboard(visit).await
    })
    .await?;
    site.seen.replace(seen.into_inner());
    Ok(())
}

async fn every_page_of_the_crates_table_is_in_the_list(visit: &Visit<'_>, site: &Site) -> Outcome {
    // The first check of this file has been everywhere, unless it was not chosen or did not pass.
    let mut seen = site.seen.take();
    if seen.is_empty() {
        let all = RefCell::new(Seen::new());
        walk(visit, site, async |page| {
            let texts = pieces(visit).await?;
            all.borrow_mut().insert(page.name, texts);
            Ok(())
        })
        .await?;
        seen = all.into_inner();
    }
    let missing = missing_from(&seen);
    ensure(missing.is_empty(), missing.join("\n"))
}

/// The narrowest of phones.
async fn no_page_scrolls_sideways_on_a_phone(visit: &Visit<'_>, site: &Site) -> Outcome {
    visit.resize(320, 640).await?;
    walk_half(visit, site, async |_| {
        let widths = visit.evaluate("[document.documentElement.scrollWidth, innerWidth]").await?;
        let (content, room) = (widths[0].as_u64(), widths[1].as_u64());
        ensure(content <= room && room == Some(320), format!("wider than a phone: {widths}"))
    })
    .await
}

async fn every_page_is_accessible_in_the_dark(visit: &Visit<'_>, site: &Site) -> Outcome {
    let axe = axe()?;
    visit.resize(800, 560).await?;
    walk_half(visit, site, async |page| {
        is_accessible(visit, axe.as_deref()).await?;
        // Light letters: axe finds dark ones on white good as well.
        let dark = visit.evaluate(DARK).await?;
        ensure(dark == true, "the browser is dark, and the page is not")?;
        save(visit, page, "-dark").await
    })
    .await
}

/// Whether dark is preferred, and the letters are lighter than the middle.
const DARK: &str = "matchMedia('(prefers-color-scheme: dark)').matches && \
                    getComputedStyle(document.querySelector('h1')).color.match(/[0-9]+/g)\
                    .slice(0, 3).every(part => part > 127)";

async fn every_page_keeps_its_borders_in_forced_colours(visit: &Visit<'_>, site: &Site) -> Outcome {
    const FORCED: &str = "matchMedia('(forced-colors: active)').matches";
    const BARE: &str = "[...document.querySelectorAll('button, a.act, input:not([type=hidden])')]\
                        .filter(one => !['radio', 'checkbox'].includes(one.type))\
                        .filter(one => parseFloat(getComputedStyle(one).borderTopWidth) < 1 || \
                        getComputedStyle(one).borderTopStyle === 'none')\
                        .map(one => one.innerText)";
    walk_half(visit, site, async |_| {
        ensure(visit.evaluate(FORCED).await? == true, "the browser does not force its colours")?;
        let found = visit.evaluate(BARE).await?;
        ensure(found == serde_json::json!([]), format!("no border on {found}"))
    })
    .await
}

/// axe-core, where it is installed.
fn axe() -> Result<Option<String>, String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules/axe-core/axe.min.js");
    if !file.exists() {
        left_out("accessibility: axe-core is not there (npm ci --prefix tests/browser)");
        return Ok(None);
    }
    std::fs::read_to_string(file).map(Some).map_err(|error| format!("axe-core: {error}"))
}

/// axe-core finds nothing.
async fn is_accessible(visit: &Visit<'_>, axe: Option<&str>) -> Outcome {
    // In a line each.
    const FINDINGS: &str = "axe.run().then(found => found.violations.map(one => `${one.id}: \
                            ${one.help} (${one.nodes.map(node => node.target).join(', ')})`))";
    let Some(axe) = axe else { return Ok(()) };
    visit.run(axe).await?;
    let found = visit.evaluate(FINDINGS).await?;
    ensure(found == serde_json::json!([]), format!("axe-core: {found}"))
}

/// Tab leads to everything that can be used, and shows where it is.
async fn is_used_by_keyboard(visit: &Visit<'_>) -> Outcome {
    // A radio group is one stop.
    const STOPS: &str = "(() => { window.stops = new Set([...document.querySelectorAll(\
                         'a[href], button, input:not([type=hidden])')].filter(one => \
                         !one.disabled && (one.type !== 'radio' || one.checked))); \
                         window.unseen = []; \
                         addEventListener('focusin', ({ target }) => { \
                         const style = getComputedStyle(target); stops.delete(target); \
                         if (style.outlineStyle === 'none' || style.outlineWidth === '0px') \
                         unseen.push(target.outerHTML) }); \
                         return stops.size })()";
    const LEFT: &str = "[...[...stops].map(one => one.outerHTML), ...unseen]";
    let stops = visit.evaluate(STOPS).await?.as_u64().unwrap_or_default();
    let stops = usize::try_from(stops).unwrap_or_default();
    visit.keys(&TAB.repeat(stops)).await?;
    let left = visit.evaluate(LEFT).await?;
    ensure(left == serde_json::json!([]), format!("not by keyboard, or without a sign: {left}"))
}

/// Tab, as WebDriver writes it.
const TAB: &str = "\u{E004}";

/// Keeps a picture, where `SAVE_PAGES` names a folder: Chromium's, since both look alike.
async fn save(visit: &Visit<'_>, page: &Page, suffix: &str) -> Outcome {
    let Some(folder) = std::env::var_os("SAVE_PAGES") else { return Ok(()) };
    if visit.browser.kind != Kind::Chromium {
        return Ok(());
    }
    let name = format!("{}{suffix}.png", page.name);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).join(name);
    std::fs::write(file, visit.screenshot().await?).map_err(|error| error.to_string())
}
