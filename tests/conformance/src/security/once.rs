//! Rows that know no adapter: ordinary tests, found in the sources, each running once.

use std::path::{Path, PathBuf};

/// The rows that run once: what they are about no adapter can change.
pub const RUNS_ONCE: &[&str] = &["V-03", "V-06", "V-07", "V-08", "V-12", "V-13"];

/// A test of such a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Its name.
    pub name: String,
    /// The file that holds it, from the workspace's root.
    pub file: String,
}

/// Every test of such a row in the workspace that `cargo test` runs.
#[must_use]
pub fn find() -> Vec<Once> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for package in folders(&root).into_iter().chain(folders(&root.join("tests"))) {
        for sources in ["src", "tests"] {
            collect(&package.join(sources), &mut files);
        }
    }
    let mut found = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let names = tests_in(&text);
        if !names.is_empty() && is_compiled(&file) {
            let file = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            found.extend(names.into_iter().map(|name| Once { name, file: file.clone() }));
        }
    }
    found
}

/// The names of the functions in this text that are tests, not ignored, and of such a row.
#[must_use]
pub fn tests_in(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let (mut is_test, mut is_ignored) = (false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[") {
            is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
            is_ignored |= line.starts_with("#[ignore");
            continue;
        }
        let function = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
        let name = function.and_then(|rest| rest.split('(').next()).unwrap_or_default();
        let is_row = RUNS_ONCE.iter().any(|id| name.starts_with(&prefix(id)));
        if is_row && is_test && !is_ignored {
            names.push(name.to_owned());
        }
        (is_test, is_ignored) = (false, false);
    }
    names
}

/// What the name of a test of this row begins with.
#[must_use]
pub fn prefix(id: &str) -> String {
    format!("{}_", id.to_lowercase().replace('-', "_"))
}

/// Whether the compiler sees the file: a module that is not declared never runs.
fn is_compiled(file: &Path) -> bool {
    let (stem, folder) = (file.file_stem().unwrap().to_str().unwrap(), file.parent().unwrap());
    if matches!(stem, "lib" | "main") || folder.ends_with("tests") {
        return true;
    }
    let module = if stem == "mod" { folder } else { file };
    let (above, name) = (module.parent().unwrap(), module.file_stem().unwrap().to_str().unwrap());
    let declared = |parent: PathBuf| {
        std::fs::read_to_string(parent).is_ok_and(|text| {
            text.lines().any(|line| line.trim().ends_with(&format!("mod {name};")))
        })
    };
    ["mod.rs", "lib.rs", "main.rs"].iter().any(|parent| declared(above.join(parent)))
        || declared(above.with_extension("rs"))
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.join("Cargo.toml").is_file()).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_function_that_is_a_test_and_runs_is_a_row() {
        for (text, runs) in [
            ("#[test]\nfn v_03_name() {", true),
            ("    #[tokio::test]\n    #[allow(x)]\n    async fn v_03_name() {", true),
            ("fn v_03_name() {", false),
            ("#[test]\n#[ignore = \"slow\"]\nfn v_03_name() {", false),
            ("#[test]\nfn another() {\n}\nfn v_03_name() {", false),
            ("// #[test]\nfn v_03_name() {", false),
            ("#[test]\n// fn v_03_name() {", false),
            ("#[test]\nfn v_01_name() {", false),
        ] {
            assert_eq!(tests_in(text).len(), usize::from(runs), "{text}");
        }
    }

    #[test]
    fn a_file_that_no_module_declares_does_not_run() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/security");
        assert!(is_compiled(&here.join("once.rs")));
        assert!(is_compiled(&here.join("rows/mod.rs")));
        assert!(is_compiled(&here.join("rows/state.rs")));
        assert!(is_compiled(&here.join("../../tests/rows.rs")));
        assert!(!is_compiled(&here.join("rows/forgotten.rs")));
    }
}
