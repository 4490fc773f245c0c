//! The preferences of a client: the ranges of a header with their weights (RFC 9110, section
//! 12.4.2).

use super::request::Headers;

/// The most ranges of a line that are read.
const MOST_RANGES: usize = 64;

/// The ranges of a header such as `Accept` in lower case, and their weights in thousandths.
pub(super) fn weighted(headers: &dyn Headers, name: &str) -> Vec<(String, u16)> {
    let mut ranges = Vec::new();
    headers.visit(name, &mut |line| {
        let line = std::str::from_utf8(line).unwrap_or_default();
        for range in line.split(',').take(MOST_RANGES) {
            let mut parts = range.split(';').map(str::trim);
            let range = parts.next().unwrap_or_default().to_ascii_lowercase();
            ranges.push((range, parts.find_map(weight).unwrap_or(1000)));
        }
    });
    ranges
}

fn weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let value: f32 = value.trim().parse().ok()?;
    // `as` saturates, and a NaN becomes zero.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let thousandths = (value * 1000.0) as u16;
    Some(thousandths.min(1000))
}
