//! Prints the lines of code of each published crate: no blank lines, comments, documentation, tests or
//! the public test suite of `ig-oauth-stores`.

#![allow(clippy::print_stdout, reason = "what it is for")]

use ig_oauth_house::{CRATES, Crate, functions, lines_of_code};

fn main() {
    let mut all = 0;
    let mut longest = Vec::new();
    let mut largest = Vec::new();
    for name in CRATES {
        let read = Crate::read(name);
        let mut lines = 0;
        for file in read.files.iter().filter(|file| !file.path.starts_with("suite/")) {
            let count = lines_of_code(&file.tokens);
            lines += count;
            largest.push((count, format!("{name}/src/{}", file.path)));
            let bodies = functions(&file.tokens).into_iter();
            longest.extend(bodies.map(|body| {
                (body.lines, format!("{name}/src/{}:{} {}", file.path, body.line, body.name))
            }));
        }
        all += lines;
        println!("{name:16} {lines:6} lines of code in {:3} files", read.files.len());
    }
    println!("{:16} {all:6}", "together");
    for (title, mut entries) in [("largest files", largest), ("longest functions", longest)] {
        println!("{title}:");
        entries.sort_by(|one, other| other.cmp(one));
        for (lines, place) in entries.into_iter().take(5) {
            println!("  {lines:4} {place}");
        }
    }
}
