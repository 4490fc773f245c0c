//! Every row on every adapter.

mod axum {
    ig_oauth_security::run_rows!(ig_oauth_test_adapters::Axum);
}

mod actix {
    ig_oauth_security::run_rows!(ig_oauth_test_adapters::Actix);
}

use axum::ROWS;

/// Prints the count for each section, and fails when the table calls covered what does not run.
#[test]
#[allow(clippy::print_stdout, clippy::unwrap_used, reason = "the command's output")]
fn the_table_of_verdicts_tells_the_truth() {
    use ig_oauth_security::verdicts;

    let document = include_str!("../../../docs/security.md");
    let table = verdicts::read(document).unwrap();
    verdicts::hold(&table, ROWS, "").unwrap();
    println!("{}", verdicts::count(&table));
    println!("rows on axum   {}", axum::ROWS.len());
    println!("rows on actix  {}", actix::ROWS.len());
    assert_eq!(axum::ROWS, actix::ROWS);
}

/// A table that lies in each of the ways it can is caught.
#[test]
#[allow(clippy::unwrap_used, reason = "tests")]
fn a_table_that_lies_is_caught() {
    use ig_oauth_security::verdicts;

    let document = include_str!("../../../docs/security.md");
    let check = |document: &str| {
        verdicts::read(document).and_then(|table| verdicts::hold(&table, ROWS, ""))
    };
    let name = ROWS.iter().find(|row| row.starts_with("s_17")).unwrap();
    for (from, to) in [
        (*name, "s_17_no_such_test"),
        ("| S-17 | covered |", "| S-17 | open |"),
        ("| S-17 | covered |", "| X-17 | covered |"),
        ("| S-17 | covered |", "| S-16 | covered |"),
        ("| S-22 | argued | Signatures", "| S-22 | argued | x |\n| Signatures"),
        ("| Z-01 | open |", "| S-21 | covered |"),
        ("| Z-01 | open |", "| S-21 | certainly |"),
    ] {
        assert!(document.contains(from), "{from}");
        assert!(check(&document.replace(from, to)).is_err(), "{from} became {to}");
    }
    assert_eq!(check(document), Ok(()));
}
