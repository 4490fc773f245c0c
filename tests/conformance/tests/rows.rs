//! Every row on every adapter.

ig_oauth_conformance::on_every_adapter!(run_rows);

// The list is one: a row that an adapter lacked would not compile.
use self::axum::ROWS;

/// Prints the count for each section, and fails when the table calls covered what does not run.
#[test]
#[allow(clippy::print_stdout, clippy::unwrap_used, reason = "the command's output")]
fn the_table_of_verdicts_tells_the_truth() {
    use ig_oauth_conformance::security::{once, verdicts};

    let document = include_str!("../../../docs/security.md");
    let table = verdicts::read(document).unwrap();
    let once = once::find();
    verdicts::hold(&table, ROWS, &once).unwrap();
    println!("{}", verdicts::count(&table));
    println!("tests of rows, on axum and on actix  {}", ROWS.len());
    println!("tests of rows that know no adapter   {}", once.len());
}

/// A table that lies in each of the ways it can is caught, and at that lie.
#[test]
#[allow(clippy::unwrap_used, reason = "tests")]
fn a_table_that_lies_is_caught() {
    use ig_oauth_conformance::security::{once, verdicts};

    let document = include_str!("../../../docs/security.md");
    let check = |document: &str, once: &[once::Once]| {
        verdicts::read(document).and_then(|table| verdicts::hold(&table, ROWS, once))
    };
    let found = once::find();
    let name = ROWS.iter().find(|row| row.starts_with("s_17")).unwrap();
    for (from, to, complaint) in [
        (*name, "s_17_no_such_test", "which does not run"),
        ("| S-17 | covered |", "| S-17 | open |", "and is not called covered"),
        ("| S-17 | covered |", "| X-17 | covered |", "S-17 is missing"),
        ("| S-17 | covered |", "| S-16 | covered |", "S-16 stands twice"),
        ("| S-22 | argued | Signatures", "| S-22 | argued | x |\n| Signatures", "without a reason"),
        ("| S-22 | argued |", "| S-22 | covered |", "S-22 is called covered by"),
        ("| S-22 | argued |", "| S-22 | certainly |", "`certainly` is no verdict"),
    ] {
        assert!(document.contains(from), "{from}");
        let error = check(&document.replace(from, to), &found).unwrap_err();
        assert!(error.contains(complaint), "{from} became {to}: {error}");
    }
    assert_eq!(check(document, &found), Ok(()));

    // The same for a row that runs once, whatever its line says today.
    let line = document.lines().find(|line| line.starts_with("| V-03 |")).unwrap();
    let row = once::Once { name: "v_03_named".to_owned(), file: "a/b.rs".to_owned() };
    let others = found.iter().filter(|other| !other.name.starts_with("v_03_")).cloned();
    let runs: Vec<_> = others.chain([row]).collect();
    let truth = "| V-03 | covered | `v_03_named` in `a/b.rs` |";
    assert_eq!(check(&document.replace(line, truth), &runs), Ok(()));
    for (lie, complaint) in [
        ("| V-03 | covered | `v_03_other` in `a/b.rs` |", "which does not run"),
        ("| V-03 | covered | `v_03_named` in `a/c.rs` |", "which does not run"),
        ("| V-03 | covered | `v_03_named` |", "names the test and its file"),
        ("| V-03 | open | later |", "and is not called covered"),
    ] {
        let error = check(&document.replace(line, lie), &runs).unwrap_err();
        assert!(error.contains(complaint), "{lie}: {error}");
    }
    let line = document.lines().find(|line| line.starts_with("| V-01 |")).unwrap();
    let lie = "| V-01 | covered | `v_03_named` in `a/b.rs` |";
    let document = document.replace(line, lie);
    assert!(check(&document, &runs).unwrap_err().contains("cannot run once"));
}
