//! The rooms of `ig-oauth-common` and their floors, as `docs/architecture.md` lists them.

use std::fs;

use crate::files::workspace;

/// Some files with one subject. It takes only from rooms before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its floor, from 1.
    pub floor: usize,
    /// A file or folder below `src`.
    pub place: String,
}

impl Room {
    /// Whether a file below `src` belongs to it.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        match self.place.strip_suffix('/') {
            Some(folder) => path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
            None => self.place == path,
        }
    }
}

/// The table of `docs/architecture.md`: a row a floor, and in it each room between back quotes, from left
/// to right.
///
/// # Panics
///
/// When the document cannot be read: it is for tests.
#[must_use]
#[allow(clippy::expect_used, reason = "a document that is not there ends the test")]
pub fn rooms() -> Vec<Room> {
    let path = workspace().join("docs/architecture.md");
    let text = fs::read_to_string(path).expect("docs/architecture.md can be read");
    let rows = text.lines().skip_while(|line| !line.starts_with("| floor |"));
    let rows = rows.take_while(|line| line.starts_with('|'));
    let mut rooms = Vec::new();
    for row in rows.skip(2) {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let floor = cells.next().and_then(|cell| cell.split(' ').next()?.parse().ok());
        let floor: usize = floor.expect("a row begins with the number of its floor");
        let places = cells.next().unwrap_or_default().split('`').skip(1).step_by(2);
        rooms.extend(places.map(|place| Room { floor, place: place.to_owned() }));
    }
    rooms
}
