//! Every page that the crate, the examples and the simulator show: the one list that accessibility,
//! widths, colours and pictures walk.

mod coverage;
mod examples;
mod linking;
mod login;
mod platform;
mod simulator;
mod steps;

use std::collections::BTreeSet;

use crate::checks::{Outcome, Running};
use crate::site::{Framework, Site};
use crate::visit::Visit;

/// A page, and how a person reaches it.
#[derive(Clone, Copy)]
pub struct Page {
    /// As its picture is called.
    pub name: &'static str,
    /// What nothing but this page says on the way to it.
    pub says: &'static str,
    reach: for<'a> fn(&'a Visit<'a>, &'a Site) -> Running<'a>,
}

/// A part of the list: what each page is called and says, and how it is reached, with no cookie from
/// before.
macro_rules! pages {
    ($($name:literal, $says:expr, |$visit:ident, $site:ident| $reach:expr;)+) => {
        pub(super) const PAGES: &[$crate::pages::Page] = &[$($crate::pages::Page {
            name: $name,
            says: $says,
            reach: |$visit, $site| Box::pin($reach),
        }),+];
    };
}
use pages;

/// Every page, in order. With `PAGES` in the environment, those whose names hold that.
#[must_use]
pub fn all() -> Vec<Page> {
    let wanted = std::env::var("PAGES").unwrap_or_default();
    let mut all =
        [login::PAGES, linking::PAGES, platform::PAGES, examples::PAGES, simulator::PAGES].concat();
    all.retain(|page| page.name.contains(&wanted));
    all
}

/// Opens every page and examines it. A failure of one page does not stop the others.
pub(crate) async fn walk(
    visit: &Visit<'_>,
    site: &Site,
    look: impl AsyncFn(&Page) -> Outcome,
) -> Outcome {
    walk_to(all(), visit, site, look).await
}

/// The same, each page on one framework only: for properties of the pages alone, which are the same
/// on both.
pub(crate) async fn walk_half(
    visit: &Visit<'_>,
    site: &Site,
    look: impl AsyncFn(&Page) -> Outcome,
) -> Outcome {
    let is_odd = site.framework == Framework::Actix;
    let half = all().into_iter().enumerate().filter(|(index, _)| (index % 2 == 1) == is_odd);
    walk_to(half.map(|(_, page)| page).collect(), visit, site, look).await
}

async fn walk_to(
    pages: Vec<Page>,
    visit: &Visit<'_>,
    site: &Site,
    look: impl AsyncFn(&Page) -> Outcome,
) -> Outcome {
    let mut wrong = Vec::new();
    for page in pages {
        site.stages.reset();
        let looked = async {
            visit.forget_cookies().await?;
            (page.reach)(visit, site).await?;
            visit.sees(page.says).await?;
            look(&page).await
        };
        if let Err(error) = looked.await {
            wrong.push(format!("{}: {error}", page.name));
        }
    }
    site.stages.reset();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// The pieces of text on a page, each as it stands in its element.
pub(crate) async fn pieces(visit: &Visit<'_>) -> Result<BTreeSet<String>, String> {
    let script = "[...document.querySelectorAll('h1, p, p > a, button, small')]\
                  .map(one => one.textContent.trim())";
    let found = visit.evaluate(script).await?;
    let found = found.as_array().cloned().unwrap_or_default();
    Ok(found.iter().filter_map(|piece| piece.as_str().map(str::to_owned)).collect())
}

pub(crate) use coverage::{Seen, missing_from};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::all;

    #[test]
    fn every_page_of_the_list_has_its_pictures_and_no_other_does() {
        let pages = all();
        let wanted: BTreeSet<_> = pages
            .iter()
            .flat_map(|page| ["", "-dark"].map(|suffix| format!("{}{suffix}.png", page.name)))
            .collect();
        assert_eq!(wanted.len(), 2 * pages.len(), "a name is there twice");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pages");
        let kept: BTreeSet<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(kept, wanted, "make them anew: tests/browser/README.md");
    }
}
