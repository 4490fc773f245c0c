//! Every check in one browser: one at a time, each by a person of its own.

use std::time::Instant;

use futures_util::FutureExt as _;

use crate::checks::{Check, all};
use crate::launch::{Browser, Kind, Mood};
use crate::site::{Framework, Programs, Site};
use crate::visit::Visit;

/// The ways people have set their browsers, each a browser of its own.
const MOODS: [Mood; 5] =
    [Mood::Usual, Mood::NoCookies, Mood::Dark, Mood::ForcedColours, Mood::NoScripts];

/// How the checks went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// As they should.
    pub passed: usize,
    /// Otherwise.
    pub failed: usize,
    /// As they should, at the second time.
    pub repeated: usize,
}

/// Runs the checks whose names hold one of the words, or all, and prints a line for each.
pub async fn checks(kind: Kind, programs: &[(Framework, Programs)], words: &[String]) -> Count {
    let mut sites = Vec::new();
    for (framework, programs) in programs {
        sites.push((*framework, Site::start(*framework, *programs).await));
    }
    let mut count = Count::default();
    for mood in MOODS {
        let is_meant = |check: &Check| {
            check.mood == mood
                && (words.is_empty() || words.iter().any(|word| check.name.contains(word.as_str())))
        };
        let chosen: Vec<_> = all().into_iter().filter(is_meant).collect();
        if chosen.is_empty() {
            continue;
        }
        let browser = match Browser::start(kind, mood).await {
            Ok(browser) => browser,
            Err(error) => {
                println!("{}: {mood:?} does not start: {error}", kind.name());
                count.failed += chosen.len() * sites.len();
                continue;
            }
        };
        for check in chosen {
            for (framework, site) in &sites {
                let started = Instant::now();
                let mut outcome = one(&browser, site, check).await;
                let name = format!("{}, {framework:?}: {}", kind.name(), check.name);
                if let Err(error) = &outcome {
                    // A browser on a busy machine can lose a page. A fault of the site is there again.
                    println!("{name} ... is tried once more\n{error}\n");
                    count.repeated += 1;
                    outcome = one(&browser, site, check).await;
                }
                let took = started.elapsed().as_millis();
                match outcome {
                    Ok(()) => {
                        count.passed += 1;
                        println!("{name} ... ok ({took} ms)");
                    }
                    Err(error) => {
                        count.failed += 1;
                        println!("{name} ... FAILED ({took} ms)\n{error}\n");
                    }
                }
            }
        }
    }
    count
}

async fn one(browser: &Browser, site: &Site, check: Check) -> Result<(), String> {
    let visit = Visit::start(browser).await?;
    let running = std::panic::AssertUnwindSafe((check.run)(&visit, site)).catch_unwind();
    let outcome = running.await.unwrap_or_else(|_| Err("it panicked".to_owned()));
    let complaints = visit.complaints();
    visit.end().await?;
    outcome?;
    if complaints.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = complaints.iter().map(ToString::to_string).collect();
    Err(format!("the browser complains:\n{}", lines.join("\n")))
}
