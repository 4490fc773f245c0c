//! What the crate can say, held against what the pages of the list say.

use std::collections::{BTreeMap, BTreeSet};

use ig_oauth_common::{ErrorCode, Text};

/// The crate's table of pages, in which every scene says what it shows for every code.
const TABLE: &str = include_str!("../../../../ig-oauth-common/src/flow/pages/table.rs");

/// The scenes of the table, and how the names of their pages begin.
const SCENES: &[(&str, &[&str])] = &[
    ("login", &["login"]),
    ("linking", &["linking"]),
    ("an_app_page", &["app"]),
    ("logout", &["logout"]),
    ("the_platform", &["platform", "deletion"]),
];

/// Rows of the table that no browser can reach, and why.
const ROWS_LEFT_OUT: &[(&str, Text, &str)] = &[
    ("login", Text::PageNeedsLogin, "a login needs no login"),
    ("linking", Text::OpenAgain, "the words of the login's page, which is in the list"),
    ("an_app_page", Text::PermissionExplained, "the page that names the permissions is shown"),
    ("logout", Text::LogOutWrong, "no code of this row can happen where one logs out"),
    ("the_platform", Text::TooSlow, "no browser sends a form so slowly"),
    ("the_platform", Text::AskAgain, "it takes a server that lacks a runtime"),
];

/// Texts that stand on no page, and why.
const TEXTS_LEFT_OUT: &[(Text, &str)] = &[
    (Text::LogOutWrong, "as its row"),
    (Text::TooSlow, "as its row"),
    (Text::AskAgain, "as its row"),
    (Text::ProgramNeedsLogin, "JSON"),
    (Text::ProgramNeedsPermission, "JSON"),
];

/// Codes that no browser is shown, and why.
const CODES_LEFT_OUT: &[(ErrorCode, &str)] = &[
    (ErrorCode::RequestTimeout, "no browser sends a form so slowly"),
    (ErrorCode::Prefetch, "a prefetch is not shown"),
    (ErrorCode::MiddlewareMissing, "JSON, for the developer"),
    (ErrorCode::InternalError, "it takes a server that lacks random bytes or a runtime"),
];

/// The pieces of text on each page.
pub(crate) type Seen = BTreeMap<&'static str, BTreeSet<String>>;

/// What the crate can show and the pages did not, and what is left out although they did.
pub(crate) fn missing_from(seen: &Seen) -> Vec<String> {
    let all: BTreeSet<_> = seen.values().flatten().map(String::as_str).collect();
    let mut wrong = Vec::new();
    let mut expect = |what: String, is_seen: bool, reason: Option<&str>| match (is_seen, reason) {
        (false, None) => wrong.push(format!("on no page of the list: {what}")),
        (true, Some(reason)) => wrong.push(format!("left out ({reason}), and seen: {what}")),
        _ => {}
    };
    for row in rows() {
        let left_out = ROWS_LEFT_OUT
            .iter()
            .find(|(scene, text, _)| *scene == row.scene && format!("{text:?}") == row.text);
        let what = format!("{} of the scene {}", row.text, row.scene);
        expect(what, row.is_on(seen), left_out.map(|(_, _, reason)| *reason));
    }
    for text in Text::ALL {
        let left_out = TEXTS_LEFT_OUT.iter().find(|(other, _)| other == text);
        let is_seen = all.iter().any(|piece| is(text.english(), piece));
        expect(format!("{text:?}"), is_seen, left_out.map(|(_, reason)| *reason));
    }
    for code in ErrorCode::ALL {
        let left_out = CODES_LEFT_OUT.iter().find(|(other, _)| other == code);
        // The code, and behind it the number by which the log has it.
        let is_seen = all.iter().any(|piece| piece.split(' ').next() == Some(code.as_str()));
        expect(code.to_string(), is_seen, left_out.map(|(_, reason)| *reason));
    }
    wrong
}

/// Whether a piece is this text, whatever stands in place of its placeholders.
fn is(text: &str, piece: &str) -> bool {
    match (text.split_once('{'), text.split_once('}')) {
        (Some((start, _)), Some((_, end))) => piece.starts_with(start) && piece.ends_with(end),
        _ => piece == text,
    }
}

/// What one scene says for some codes.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    scene: &'static str,
    title: String,
    text: String,
}

impl Row {
    fn is_on(&self, seen: &Seen) -> bool {
        let english = |name: &str| {
            let text = Text::ALL.iter().find(|text| format!("{text:?}") == name);
            text.map(|text| text.english()).unwrap_or_default()
        };
        let prefixes = SCENES.iter().find(|(scene, _)| *scene == self.scene).map(|(_, all)| *all);
        let is_of_scene = |page: &str| {
            let first = page.split('-').next().unwrap_or_default();
            prefixes.unwrap_or_default().contains(&first)
        };
        let (title, text) = (english(&self.title), english(&self.text));
        seen.iter().any(|(page, pieces)| {
            is_of_scene(page) && pieces.contains(title) && pieces.contains(text)
        })
    }
}

/// Every title with its text, as the table's source has them.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (scene, _) in SCENES {
        let start = format!("fn at_{scene}(");
        let body = TABLE.split_once(&*start).map_or("", |(_, rest)| rest);
        let body = body.split("\nfn ").next().unwrap_or_default();
        for call in body.split(" words(").skip(1) {
            let mut given = call.split(',').map(|name| resolved(name.trim(), body));
            let (title, text) =
                (given.next().unwrap_or_default(), given.next().unwrap_or_default());
            rows.push(Row { scene, title, text });
        }
    }
    rows
}

/// The name of a text: itself, or what a constant of the function stands for.
fn resolved(name: &str, body: &str) -> String {
    let constant = format!("const {name}: Text = ");
    let value = body.split_once(&*constant).and_then(|(_, rest)| rest.split(';').next());
    value.unwrap_or(name).trim_start_matches("Text::").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crates_table_is_read_row_by_row() {
        let rows = rows();
        assert_eq!(rows.len(), TABLE.matches(" words(").count() - TABLE_HELPERS, "{rows:#?}");
        for row in &rows {
            for name in [&row.title, &row.text] {
                let is_known = Text::ALL.iter().any(|text| format!("{text:?}") == **name);
                assert!(is_known, "{name}: {row:?}");
            }
        }
        let known = |scene, title: &str, text: &str| {
            rows.contains(&Row { scene, title: title.to_owned(), text: text.to_owned() })
        };
        assert!(known("login", "NothingChangedTitle", "Declined"));
        assert!(known("linking", "NotConnectedTitle", "LinkingDeclined"));
        assert!(known("logout", "HalfLoggedOutTitle", "HalfLoggedOutStore"));
    }

    /// Two functions of that name, and the words about cookies, which belong to no scene.
    const TABLE_HELPERS: usize = 3;

    #[test]
    fn what_no_page_shows_is_named() {
        let missing = missing_from(&Seen::new());
        assert!(missing.iter().any(|line| line.ends_with("Declined of the scene login")));
        assert!(missing.iter().any(|line| line.ends_with(" DeletionQueued")));
        assert!(missing.iter().any(|line| line.ends_with(" access_denied")));
        assert!(!missing.iter().any(|line| line.contains("left out")), "{missing:#?}");
    }

    #[test]
    fn what_is_left_out_and_seen_all_the_same_is_named() {
        let piece = |text: Text| text.english().to_owned();
        let page = BTreeSet::from([piece(Text::RequestRefusedTitle), piece(Text::TooSlow)]);
        let missing = missing_from(&Seen::from([("platform-too-slow", page)]));
        let named = missing.iter().filter(|line| line.contains("seen: TooSlow"));
        assert_eq!(named.count(), 2, "as a row and as a text: {missing:#?}");
    }
}
