//! Cookie sessions: the whole session sealed in the browser's cookie.

use std::sync::Arc;

use super::{
    Ended, Place, Reading, Renewal, Session, Tombstones, Unopened, account, are_impossible, expiry,
    line,
};
use crate::clock::Timestamp;
use crate::config::Settings;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::error::{AuthError, AuthErrorKind};
use crate::keys::KeyId;
use crate::provider::Provider;
use crate::session::store::is_touch_due;
use crate::token::Token;

const VERSION: u8 = 1;
const PURPOSE: &[u8] = b"ig-oauth session cookie";

/// What logging out tombstones. Not a secret: it opens nothing.
pub(crate) type SessionId = [u8; 16];

struct SealedSession {
    id: SessionId,
    started_at: Timestamp,
    seen_at: Timestamp,
    token: Token,
}

pub(super) fn begin(
    settings: &Settings,
    token: &Token,
    now: Timestamp,
) -> Result<String, AuthError> {
    let id = settings.random()?;
    seal(settings, &SealedSession { id, started_at: now, seen_at: now, token: token.clone() })
}

pub(super) fn read(
    settings: &Settings,
    tombstones: &Tombstones,
    values: &[Vec<u8>],
    now: Timestamp,
) -> Result<Reading, AuthError> {
    let mut remove = false;
    for value in values {
        let (key_id, session) = match open(settings, value) {
            Ok(opened) => opened,
            Err(Unopened::Foreign) => continue,
            Err(Unopened::Broken) => {
                remove = true;
                continue;
            }
        };
        let SealedSession { id, started_at, seen_at, token } = session;
        if are_impossible(settings, Ended::Cookie(id), now, &[started_at, seen_at], &token) {
            continue;
        }
        if tombstones.is_buried(&Ended::LoggedOut(id), now) || tombstones.is_dead(&token, now) {
            remove = true;
            continue;
        }
        if expiry(settings, started_at, seen_at, &token) <= now {
            remove = true;
            continue;
        }
        let is_old_key = key_id != settings.keyring.newest().id;
        return Ok(Reading::Live(Session {
            token,
            started_at,
            place: Place::Cookie(id),
            is_renewal_due: is_old_key || is_touch_due(seen_at, now, settings.idle_lifetime),
            successor: None,
        }));
    }
    Ok(Reading::Nobody { remove })
}

/// The session with this token in a new cookie.
pub(super) fn renew(
    settings: &Settings,
    id: SessionId,
    started_at: Timestamp,
    now: Timestamp,
    token: &Token,
) -> Result<Renewal, AuthError> {
    let renewed = SealedSession { id, started_at, seen_at: now, token: token.clone() };
    let value = seal(settings, &renewed)?;
    let max_age = expiry(settings, started_at, now, token).saturating_since(now);
    Ok(Renewal { session: Ended::Cookie(id), line: line(settings, &value, max_age)? })
}

/// Tombstones the sessions of these values, so that no request still under way brings one back.
pub(super) fn bury(
    settings: &Settings,
    tombstones: &Tombstones,
    values: &[Vec<u8>],
    now: Timestamp,
) {
    for session in values.iter().filter_map(|value| name_of(settings, value)) {
        tombstones.bury(session, now);
    }
}

/// Ends the sessions of these values: in this process for good.
pub(super) fn end(
    settings: &Settings,
    tombstones: &Tombstones,
    values: &[Vec<u8>],
    now: Timestamp,
) {
    for (_, session) in values.iter().filter_map(|value| open(settings, value).ok()) {
        // Another value of it may hold a newer token. Its absolute life is the same.
        let until = session.started_at.saturating_add(settings.session_lifetime);
        tombstones.bury(Ended::Cookie(session.id), now);
        tombstones.bury_until(Ended::LoggedOut(session.id), until, now);
    }
}

/// What tombstones know the session of this value by.
pub(super) fn name_of(settings: &Settings, value: &[u8]) -> Option<Ended> {
    let (_, session) = open(settings, value).ok()?;
    Some(Ended::Cookie(session.id))
}

fn associated_data(settings: &Settings) -> Vec<u8> {
    Writer::new()
        .byte(VERSION)
        .part(PURPOSE)
        .part(settings.cookie_names.session().as_bytes())
        .part(settings.client_id.as_bytes())
        .finish()
}

fn seal(settings: &Settings, session: &SealedSession) -> Result<String, AuthError> {
    let text = Writer::new()
        .fixed(&session.id)
        .number(session.started_at.unix_seconds())
        .number(session.seen_at.unix_seconds())
        .fixed(&account::encode(&session.token, false))
        .finish();
    let nonce = settings.random()?;
    let keys = settings.keyring.newest();
    let sealed = keys.session.seal(nonce, &associated_data(settings), &text);
    let sealed = sealed.ok_or(AuthErrorKind::Internal)?;
    let value = Writer::new().byte(VERSION).fixed(&keys.id).fixed(&nonce).fixed(&sealed).finish();
    Ok(to_base64url(&value))
}

fn open(settings: &Settings, value: &[u8]) -> Result<(KeyId, SealedSession), Unopened> {
    let bytes = from_base64url(value).ok_or(Unopened::Broken)?;
    let mut reader = Reader::new(&bytes);
    if reader.byte().ok_or(Unopened::Broken)? != VERSION {
        return Err(Unopened::Foreign);
    }
    let key_id = *reader.fixed().ok_or(Unopened::Broken)?;
    let keys = settings.keyring.by_id(&key_id).ok_or(Unopened::Foreign)?;
    let nonce = reader.fixed().ok_or(Unopened::Broken)?;
    let text = keys.session.open(nonce, &associated_data(settings), reader.rest());
    let text = text.ok_or(Unopened::Broken)?;
    let session = decode(&text, &settings.provider).ok_or(Unopened::Broken)?;
    Ok((key_id, session))
}

fn decode(text: &[u8], provider: &Arc<Provider>) -> Option<SealedSession> {
    let mut reader = Reader::new(text);
    let id = *reader.fixed()?;
    let started_at = Timestamp::from_unix_seconds(reader.number()?);
    let seen_at = Timestamp::from_unix_seconds(reader.number()?);
    let (token, _) = account::decode(reader.rest(), provider)?;
    Some(SealedSession { id, started_at, seen_at, token })
}
