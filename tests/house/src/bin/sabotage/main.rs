//! Tests the tests: puts deliberate defects into a copy of the tree, and shows that the right
//! security rows fail for each.
//!
//! `cargo run -p ig-oauth-house --bin sabotage` copies the tree below the target directory, puts all defects in
//! behind `--cfg ig_oauth_sabotage`, builds once, and runs the rows once without a defect and once with
//! each. The product's own sources hold none of it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the program talks to its user")]

mod defects;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use defects::{DEFECTS, Defect};

/// How the sabotaged build learns at run time which defect to have.
const CHOICE: &str = "IG_OAUTH_SABOTAGE";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let place = target.join("sabotage");
    let tree = place.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    copy(&root, &tree, &target)?;
    sabotage(&tree)?;

    let (passed, report) = rows(&tree, &place, "", &[])?;
    if !passed {
        return Err(format!("the rows fail without any defect:\n{report}").into());
    }
    println!("without a defect  all rows pass");
    let mut missed = Vec::new();
    for defect in DEFECTS {
        for row in defect.caught_by {
            let (passed, report) = rows(&tree, &place, defect.name, &[row])?;
            let caught = !passed && is_caught(&report, row);
            let verdict = if caught { "caught" } else { "NOT CAUGHT" };
            println!("{:<42} {verdict} by {row}", defect.name);
            if !caught {
                missed.push(defect.name);
            }
        }
    }
    println!("{} defects, {} not caught", DEFECTS.len(), missed.len());
    if missed.is_empty() { Ok(()) } else { Err(format!("not caught: {missed:?}").into()) }
}

/// Whether the row failed: on every adapter, since a row that one of them passes with the defect in
/// does not protect its users. A test of an example runs once.
fn is_caught(report: &str, row: &str) -> bool {
    let (adapters, row) = match row.split_once("::") {
        Some((_, test)) => (1, test.to_owned()),
        None => (2, format!("::{row}")),
    };
    let ends = report.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    let ends: Vec<_> = ends.filter(|(name, _)| name.ends_with(&row)).collect();
    ends.len() >= adapters && ends.iter().all(|(_, end)| *end == "FAILED")
}

/// Copies the tree without its history and without what was built.
fn copy(from: &Path, to: &Path, target: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, name) = (entry.path(), entry.file_name());
        if source == target || name == "target" || name == ".git" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&source, &to.join(name), target)?;
        } else {
            fs::copy(&source, to.join(name))?;
        }
    }
    Ok(())
}

fn sabotage(tree: &Path) -> Outcome<()> {
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    for Defect { name, file, before, code, .. } in DEFECTS {
        let text = match texts.remove(file) {
            Some(text) => text,
            None => fs::read_to_string(tree.join(file))?,
        };
        if text.matches(before).count() != 1 {
            return Err(format!("{name}: `{before}` must stand exactly once in {file}").into());
        }
        let on = format!("crate::sabotage::chosen({name:?})");
        let with = if code.contains("{on}") {
            code.replace("{on}", &on)
        } else {
            // The text stays where it is, so that the next defect finds it too.
            format!("#[cfg(ig_oauth_sabotage)]\nif {on} {{ {code} }}\n{before}")
        };
        texts.insert(file, text.replacen(before, &with, 1));
    }
    for (file, text) in texts {
        fs::write(tree.join(file), text)?;
    }
    let library = tree.join("ig-oauth-common/src/lib.rs");
    let text = fs::read_to_string(&library)?;
    fs::write(&library, format!("{text}\n#[cfg(ig_oauth_sabotage)]\nmod sabotage;\n"))?;
    let module = format!(
        "pub(crate) fn chosen(name: &str) -> bool {{ std::env::var({CHOICE:?}).is_ok_and(|chosen| \
         chosen == name) }}\n"
    );
    fs::write(tree.join("ig-oauth-common/src/sabotage.rs"), module)?;
    Ok(())
}

/// Runs these rows, or all, with a defect: whether they pass, and what was printed. `example::test`
/// is a test of that example.
fn rows(tree: &Path, place: &Path, defect: &str, rows: &[&str]) -> Outcome<(bool, String)> {
    let of_example = rows.iter().find_map(|row| row.split_once("::"));
    let (package, file, rows) = match of_example {
        Some((example, test)) => (example, "main_job", &[test][..]),
        None => ("ig-oauth-conformance", "rows", rows),
    };
    let output = Command::new(env!("CARGO"))
        .current_dir(tree)
        .args(["test", "--locked", "-p", package, "--test", file, "--"])
        .args(rows)
        .env("CARGO_TARGET_DIR", place.join("target"))
        .env("RUSTFLAGS", "--cfg ig_oauth_sabotage --cap-lints allow")
        .env("RUST_BACKTRACE", "0")
        .env(CHOICE, defect)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.contains("test result:") {
        return Ok((output.status.success(), text));
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("the sabotaged tree does not build:\n{errors}").into())
}

#[cfg(test)]
mod tests {
    use super::is_caught;

    #[test]
    fn a_row_that_one_adapter_passes_does_not_catch_the_defect() {
        let line = |adapter, end| format!("test {adapter}::state::s_14_any ... {end}\n");
        let (axum, actix) = (line("axum", "FAILED"), line("actix", "FAILED"));
        assert!(is_caught(&format!("{actix}{axum}"), "s_14_any"));
        for report in
            [axum.clone() + &line("actix", "ok"), line("axum", "ok") + &actix, axum, String::new()]
        {
            assert!(!is_caught(&report, "s_14_any"), "{report}");
        }
        let example = "test two_accounts ... FAILED\n";
        assert!(is_caught(example, "connect-example::two_accounts"));
        assert!(!is_caught(example, "connect-example::another"));
    }
}
