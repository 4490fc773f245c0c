//! Replies to records. Every part comes as text; what cannot be read is an error and no panic.

use ig_oauth_common::{AccountKey, AccountRecord, SessionIdHash, SessionRecord, Timestamp, UserId};

use super::ENGINE;
use crate::error::Failure;
use crate::record::{list, user_id};

/// A part of a reply.
pub(super) type Part = Vec<u8>;

/// How many parts an account has, apart from its key.
pub(super) const ACCOUNT_PARTS: usize = 5;

pub(super) fn text(part: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(part).map_err(|_| Failure::unreadable(ENGINE, "text"))
}

pub(super) fn moment(part: &[u8]) -> Result<Timestamp, Failure> {
    let seconds = text(part)?.parse();
    let seconds = seconds.map_err(|_| Failure::unreadable(ENGINE, "a moment"))?;
    Ok(Timestamp::from_unix_seconds(seconds))
}

/// Digits separated by spaces, in the order they were given.
fn ids(part: &[u8]) -> Result<Vec<UserId>, Failure> {
    text(part)?.split_ascii_whitespace().map(|digits| user_id(ENGINE, digits)).collect()
}

pub(super) fn account(key: AccountKey, parts: &[Part]) -> Result<AccountRecord, Failure> {
    let [further_ids, sealed_token, scopes, issued_at, expires_at] = parts else {
        return Err(Failure::unreadable(ENGINE, "an account"));
    };
    Ok(AccountRecord::new(
        key,
        ids(further_ids)?,
        sealed_token.clone(),
        list::from_text(ENGINE, scopes)?,
        moment(issued_at)?,
        moment(expires_at)?,
    ))
}

/// Accounts of an app: the user's id, then the parts, of each.
pub(super) fn accounts(client_id: &str, parts: &[Part]) -> Result<Vec<AccountRecord>, Failure> {
    let each = parts.chunks(1 + ACCOUNT_PARTS);
    each.map(|parts| {
        let (user, parts) =
            parts.split_first().ok_or_else(|| Failure::unreadable(ENGINE, "an account"))?;
        account(AccountKey::new(client_id, user_id(ENGINE, text(user)?)?), parts)
    })
    .collect()
}

/// A session of `key` from its three times.
pub(super) fn session(
    id: SessionIdHash,
    key: &AccountKey,
    times: &[Part],
) -> Result<SessionRecord, Failure> {
    let [created_at, last_seen_at, expires_at] = times else {
        return Err(Failure::unreadable(ENGINE, "a session"));
    };
    let (created, seen) = (moment(created_at)?, moment(last_seen_at)?);
    Ok(SessionRecord::new(id, key.clone(), created, seen, moment(expires_at)?))
}

/// A hash from its hexadecimal digits.
pub(super) fn hash(part: &[u8]) -> Result<SessionIdHash, Failure> {
    let unreadable = || Failure::unreadable(ENGINE, "a hash");
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = part
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect();
    let bytes: [u8; 32] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(unreadable)?;
    Ok(SessionIdHash::from_bytes(bytes))
}
