//! What is said about sources holds for small ones.

#![allow(clippy::indexing_slicing, reason = "indexes of the very list")]

use ig_oauth_house::{CRATES, Crate, circles, functions, lines_of_code, rooms, uses};

const LONGEST_FILE: usize = 400;
const LONGEST_FUNCTION: usize = 60;

#[test]
fn no_files_take_from_one_another_in_a_circle() {
    for name in CRATES {
        let read = Crate::read(name);
        let uses = uses(&read);
        let found = circles(&uses);
        let mut told = String::new();
        for circle in &found {
            for one in
                uses.iter().filter(|one| circle.contains(&one.from) && circle.contains(&one.to))
            {
                let (from, to) = (&read.files[one.from].path, &read.files[one.to].path);
                told.push_str(&format!("  {from} -> {to}: {}\n", one.path));
            }
        }
        assert!(found.is_empty(), "{name} has {} circles:\n{told}", found.len());
    }
}

#[test]
fn a_room_takes_only_from_rooms_below_it_or_left_of_it() {
    let rooms = rooms();
    let read = Crate::read("ig-oauth-common");
    let room_of = |path: &str| rooms.iter().position(|room| room.holds(path));
    let mut wrong = String::new();
    for file in &read.files {
        if room_of(&file.path).is_none() && file.path != "lib.rs" {
            wrong.push_str(&format!("  {} is in no room\n", file.path));
        }
    }
    for one in uses(&read) {
        let (from, to) = (&read.files[one.from].path, &read.files[one.to].path);
        // The front door shows all rooms, and no room goes out by it.
        if from == "lib.rs" {
            continue;
        }
        if room_of(from) < room_of(to) || to == "lib.rs" {
            wrong.push_str(&format!("  {from} takes {} from {to}\n", one.path));
        }
    }
    assert!(wrong.is_empty(), "the floors of docs/architecture.md do not hold:\n{wrong}");
}

#[test]
fn no_file_and_no_function_is_too_long() {
    let mut long = String::new();
    for name in CRATES {
        for file in Crate::read(name).files {
            if lines_of_code(&file.tokens) > LONGEST_FILE {
                long.push_str(&format!("  {name}: {}\n", file.path));
            }
            for body in functions(&file.tokens) {
                if body.lines > LONGEST_FUNCTION {
                    long.push_str(&format!(
                        "  {name}: {}:{} {}\n",
                        file.path, body.line, body.name
                    ));
                }
            }
        }
    }
    assert!(long.is_empty(), "too long:\n{long}");
}

fn told(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let read = Crate::of(files);
    let uses = uses(&read).into_iter();
    uses.map(|one| (read.files[one.from].path.clone(), read.files[one.to].path.clone())).collect()
}

#[test]
fn a_use_is_found_however_it_is_written() {
    for text in [
        "use crate::upper::Thing;",
        "use crate::{upper::{Thing}};",
        "use super::upper as other;",
        "fn f() { let _ = crate::upper::Thing::new(); }",
        "fn f(thing: &super::upper::Thing) {}",
        "use crate::face::Thing;",
    ] {
        let face = ("face.rs", "pub use crate::upper::Thing;");
        let lib = ("lib.rs", "mod lower; mod upper; mod face;");
        let found = told(&[lib, ("lower.rs", text), ("upper.rs", "pub struct Thing;"), face]);
        let is_found = found.contains(&("lower.rs".to_owned(), "upper.rs".to_owned()));
        assert!(is_found, "{text}: {found:?}");
    }
    for text in [
        "// use crate::upper::Thing;",
        "/// [`crate::upper::Thing`]\nfn f() {}",
        "#[cfg(test)] mod tests { use crate::upper::Thing; }",
        "#[cfg(test)] use crate::upper::Thing;",
        "fn f() -> &'static str { \"crate::upper::Thing\" }",
    ] {
        let lib = ("lib.rs", "mod lower; mod upper;");
        let found = told(&[lib, ("lower.rs", text), ("upper.rs", "pub struct Thing;")]);
        assert!(found.is_empty(), "{text}: {found:?}");
    }
}

#[test]
fn a_circle_by_way_of_others_is_found() {
    let read = Crate::of(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "use crate::c::C;"),
        ("c.rs", "fn f() { crate::a::f() }"),
        ("d.rs", "use crate::a::A;"),
    ]);
    assert_eq!(circles(&uses(&read)), [vec![1, 2, 3]]);
}

#[test]
fn only_code_counts_as_a_line() {
    let read = Crate::of(&[(
        "lib.rs",
        "//! Words.\n\n/// Words.\nfn f() {\n    // Words.\n    let _ = \"a\n    b\";\n}\n\n\
         #[cfg(test)]\nmod tests {\n    fn g() {}\n}\n",
    )]);
    assert_eq!(lines_of_code(&read.files[0].tokens), 4);
    let found = functions(&read.files[0].tokens);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].name.as_str(), found[0].line, found[0].lines), ("f", 4, 5));
}
