//! The table of `docs/security.md` against the rows that run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::security::once::{self, Once, RUNS_ONCE};

/// What the table says of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A test of that name covers it, on both adapters.
    Covered(String),
    /// A test of that name in that file covers it, once: it knows no adapter.
    CoveredOnce(Once),
    /// It is argued, with this reason.
    Argued(String),
    /// It is open: another piece of work will cover it.
    Open(String),
}

/// The sections, by the letter of their rows.
pub const SECTIONS: &[(char, &str)] = &[
    ('S', "state"),
    ('C', "callback"),
    ('K', "cookies"),
    ('R', "redirects"),
    ('H', "hosts, proxies, TLS"),
    ('E', "answers, errors, logs"),
    ('M', "methods, browsers"),
    ('T', "token endpoint"),
    ('N', "sessions, tokens, keys"),
    ('G', "signed_request"),
    ('Z', "robustness"),
    ('W', "web clients"),
    ('V', "availability, keys"),
];

/// How many rows each section has: a row that the table forgets is a lie too.
const LAST: &[(char, u32)] = &[
    ('S', 22),
    ('C', 22),
    ('K', 17),
    ('R', 14),
    ('H', 9),
    ('E', 12),
    ('M', 10),
    ('T', 18),
    ('N', 16),
    ('G', 13),
    ('Z', 10),
    ('W', 21),
    ('V', 14),
];

/// Reads the table: `| S-01 | covered | s_01_… |`, and for a row that runs once
/// `` | V-03 | covered | `v_03_…` in `its/file.rs` | ``.
///
/// # Errors
///
/// When a line of it cannot be read, a row is missing, or one stands twice.
pub fn read(document: &str) -> Result<BTreeMap<String, Verdict>, String> {
    let mut verdicts = BTreeMap::new();
    for line in document.lines() {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, verdict, rest] = cells[..] else { continue };
        let is_id = id.len() == 4
            && id.as_bytes()[1] == b'-'
            && SECTIONS.iter().any(|(letter, _)| id.starts_with(*letter));
        if !is_id {
            continue;
        }
        let text = rest.trim_matches('`').to_owned();
        let verdict = match verdict {
            "covered" => covered(text),
            "argued" if text.len() > 40 => Verdict::Argued(text),
            "argued" => return Err(format!("{id} is argued without a reason")),
            "open" => Verdict::Open(text),
            other => return Err(format!("{id}: `{other}` is no verdict")),
        };
        if verdicts.insert(id.to_owned(), verdict).is_some() {
            return Err(format!("{id} stands twice"));
        }
    }
    for (letter, last) in LAST {
        for number in 1..=*last {
            let id = format!("{letter}-{number:02}");
            if !verdicts.contains_key(&id) {
                return Err(format!("{id} is missing"));
            }
        }
    }
    Ok(verdicts)
}

fn covered(text: String) -> Verdict {
    match text.split_once("` in `") {
        Some((name, file)) => {
            Verdict::CoveredOnce(Once { name: name.to_owned(), file: file.to_owned() })
        }
        None => Verdict::Covered(text),
    }
}

/// Holds the table against the rows that run: those of the adapters, and those that run once.
///
/// # Errors
///
/// When a row is called covered and no such test runs, or runs and is not called covered.
pub fn hold(
    verdicts: &BTreeMap<String, Verdict>,
    rows: &[&str],
    once: &[Once],
) -> Result<(), String> {
    for (id, verdict) in verdicts {
        let prefix = once::prefix(id);
        let on_adapters = rows.iter().copied();
        let all = on_adapters.chain(once.iter().map(|row| row.name.as_str()));
        let here: Vec<_> = all.filter(|row| row.starts_with(&prefix)).collect();
        match verdict {
            Verdict::CoveredOnce(row) => {
                if !RUNS_ONCE.contains(&id.as_str()) {
                    return Err(format!("{id} is a row of every adapter and cannot run once"));
                }
                if !row.name.starts_with(&prefix) || !once.contains(row) {
                    let Once { name, file } = row;
                    return Err(format!(
                        "{id} is called covered by `{name}` in `{file}`, which does not run"
                    ));
                }
            }
            Verdict::Covered(_) if RUNS_ONCE.contains(&id.as_str()) => {
                return Err(format!("{id} runs once: its line names the test and its file"));
            }
            Verdict::Covered(name) => {
                if !rows.contains(&name.as_str()) || !name.starts_with(&prefix) {
                    return Err(format!("{id} is called covered by `{name}`, which does not run"));
                }
            }
            Verdict::Argued(_) | Verdict::Open(_) if !here.is_empty() => {
                return Err(format!("{id} has the test {here:?} and is not called covered"));
            }
            Verdict::Argued(_) | Verdict::Open(_) => {}
        }
    }
    for row in rows {
        let id = format!("{}-{}", row[..1].to_uppercase(), &row[2..4]);
        if !verdicts.contains_key(&id) {
            return Err(format!("`{row}` has no line in the table"));
        }
    }
    Ok(())
}

/// The count for each section.
#[must_use]
pub fn count(verdicts: &BTreeMap<String, Verdict>) -> String {
    let mut text = String::from("section                          covered  argued  open\n");
    let mut totals = [0; 3];
    for (letter, name) in SECTIONS {
        let of_section = verdicts.iter().filter(|(id, _)| id.starts_with(*letter));
        let mut counts = [0; 3];
        for (_, verdict) in of_section {
            let place = match verdict {
                Verdict::Covered(_) | Verdict::CoveredOnce(_) => 0,
                Verdict::Argued(_) => 1,
                Verdict::Open(_) => 2,
            };
            counts[place] += 1;
            totals[place] += 1;
        }
        let [covered, argued, open] = counts;
        let _ = writeln!(text, "{letter}  {name:<28}  {covered:>7}  {argued:>6}  {open:>4}");
    }
    let [covered, argued, open] = totals;
    let _ = writeln!(text, "   {:<28}  {covered:>7}  {argued:>6}  {open:>4}", "together");
    text
}
