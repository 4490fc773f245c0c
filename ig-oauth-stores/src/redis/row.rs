//! Converts replies to records, and records to arguments.

use ig_oauth_common::store::AccountRecord;
use ig_oauth_common::{Timestamp, UserId};
use redis::ScriptInvocation;

use crate::engine::REDIS;
use crate::error::Failure;
use crate::record::{Row, list};

/// The fields of a record, in the order of its script.
pub(super) type Fields = Vec<Vec<u8>>;

/// How much longer a key is kept than its record: the clocks of instances and of the server may
/// differ, and the record has its own expiry.
const GRACE: u64 = 3_600;

/// The longest time a key is kept, a thousand years: Redis counts milliseconds and refuses larger
/// numbers.
const LONGEST: u64 = 1_000 * 365 * 86_400;

/// How many seconds to keep a record that is written at `from` and expires at `until`, both by the
/// caller's clock. Only the difference matters, so the clock may show any time.
pub(super) fn life(from: Timestamp, until: Timestamp) -> u64 {
    until.saturating_duration_since(from).as_secs().saturating_add(GRACE).min(LONGEST)
}

/// A hash as part of a key.
pub(super) fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds the eight arguments of an account.
pub(super) fn add_account(call: &mut ScriptInvocation<'_>, account: &AccountRecord) {
    call.arg(account.key.client_id())
        .arg(account.key.user_id().as_str())
        .arg(list::to_text(account.further_ids.iter().map(UserId::as_str)))
        .arg(account.sealed_token.as_slice())
        .arg(list::to_text(&account.scopes))
        .arg(account.issued_at.unix_seconds())
        .arg(account.expires_at.unix_seconds())
        .arg(life(account.issued_at, account.expires_at));
}

fn field(fields: &Fields, at: usize) -> Result<&[u8], Failure> {
    fields.get(at).map(Vec::as_slice).ok_or_else(|| Fields::unreadable("too few fields"))
}

impl Row for Fields {
    const ENGINE: &'static str = REDIS;

    fn text(&self, at: usize) -> Result<String, Failure> {
        String::from_utf8(self.bytes(at)?).map_err(|_| Self::unreadable("a text"))
    }

    fn bytes(&self, at: usize) -> Result<Vec<u8>, Failure> {
        Ok(field(self, at)?.to_vec())
    }

    fn list(&self, at: usize) -> Result<Vec<String>, Failure> {
        list::from_text(field(self, at)?).ok_or_else(|| Self::unreadable("a list"))
    }

    fn moment(&self, at: usize) -> Result<Timestamp, Failure> {
        let seconds = self.text(at)?.parse().map_err(|_| Self::unreadable("a moment"))?;
        Ok(Timestamp::from_unix_seconds(seconds))
    }

    fn hash(&self, at: usize) -> Result<[u8; 32], Failure> {
        from_hex(field(self, at)?).ok_or_else(|| Self::unreadable("a hash"))
    }
}

fn from_hex(digits: &[u8]) -> Option<[u8; 32]> {
    let nibble = |digit: &u8| char::from(*digit).to_digit(16).map(|it| it as u8);
    let byte = |pair: &[u8]| Some(nibble(pair.first()?)? << 4 | nibble(pair.get(1)?)?);
    digits.chunks(2).map(byte).collect::<Option<Vec<_>>>()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[test]
    fn a_key_outlives_its_record_by_an_hour_whatever_the_clock_shows() {
        assert_eq!(life(at(100), at(160)), 60 + GRACE);
        assert_eq!(life(at(9_000_000_100), at(9_000_000_160)), 60 + GRACE);
    }

    #[test]
    fn a_record_that_has_ended_is_kept_for_the_grace_only() {
        assert_eq!(life(at(160), at(100)), GRACE);
    }

    #[test]
    fn no_record_is_kept_longer_than_redis_can_count() {
        assert_eq!(life(at(0), at(u64::MAX)), LONGEST);
        assert_eq!(life(at(u64::MAX - 1), at(u64::MAX)), 1 + GRACE);
    }

    #[test]
    fn a_hash_comes_back_from_its_hexadecimal_digits() {
        let mut hash = [0; 32];
        hash.iter_mut().zip(0..).for_each(|(byte, place)| *byte = place * 8 + 7);
        assert_eq!(hex(&hash).len(), 64);
        assert!(hex(&hash).starts_with("070f17"));
        assert_eq!(from_hex(hex(&hash).as_bytes()), Some(hash));
        for wrong in ["", "07", &"g".repeat(64), &"0".repeat(63), &"0".repeat(66)] {
            assert_eq!(from_hex(wrong.as_bytes()), None);
        }
    }
}
