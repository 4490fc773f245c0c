//! Cookie sessions: the complete session, sealed in the browser's cookie.

use std::sync::Arc;

use super::reading::{Kept, Session};
use super::sealing::{Sealer, Unopened};
use super::token_bytes;
use super::tombstones::CookieSessionId;
use crate::clock::Timestamp;
use crate::encoding::{Reader, Writer, from_base64url, to_base64url};
use crate::error::AuthError;
use crate::provider::{Provider, Token};

pub(super) struct SealedCookies {
    pub(super) sealer: Sealer,
    pub(super) cookie_name: String,
    pub(super) client_id: String,
    pub(super) provider: Arc<Provider>,
}

impl SealedCookies {
    /// The cookie's value.
    pub(super) fn seal(
        &self,
        id: CookieSessionId,
        started_at: Timestamp,
        seen_at: Timestamp,
        token: &Token,
    ) -> Result<String, AuthError> {
        let text = Writer::new()
            .fixed(&id)
            .number(started_at.unix_seconds())
            .number(seen_at.unix_seconds())
            .fixed(&token_bytes::encode(token, false))
            .finish();
        Ok(to_base64url(&self.sealer.seal([&self.cookie_name, &self.client_id], &text)?))
    }

    pub(super) fn open(&self, value: &[u8]) -> Result<Session, Unopened> {
        let bytes = from_base64url(value).ok_or(Unopened::Broken)?;
        let opened = self.sealer.open([&self.cookie_name, &self.client_id], &bytes)?;
        let session = self.decode(&opened.text, opened.is_by_newest_key);
        session.ok_or(Unopened::Broken)
    }

    fn decode(&self, text: &[u8], is_by_newest_key: bool) -> Option<Session> {
        let mut reader = Reader::new(text);
        Some(Session {
            kept: Kept::Cookie(*reader.fixed()?),
            started_at: Timestamp::from_unix_seconds(reader.number()?),
            seen_at: Timestamp::from_unix_seconds(reader.number()?),
            token: token_bytes::decode(reader.rest(), &self.provider)?.0,
            is_by_newest_key,
            is_renewal_due: !is_by_newest_key,
            successor: None,
        })
    }
}
