//! A session that was read from a request.

use sha2::{Digest as _, Sha256};

use super::tombstones::{CookieSessionId, Ended};
use crate::clock::Timestamp;
use crate::encoding::from_base64url;
use crate::provider::Token;
use crate::store::{AccountRecord, SessionIdHash};

/// The random id of a stored session: the value of its cookie.
#[derive(Clone, Copy)]
pub(super) struct StoredSessionId(pub(super) [u8; 32]);

/// A valid session.
pub(crate) struct Session {
    pub(crate) token: Token,
    /// When the login that created it ended.
    pub(crate) started_at: Timestamp,
    pub(super) seen_at: Timestamp,
    pub(super) kept: Kept,
    pub(super) is_by_newest_key: bool,
    /// Whether the cookie should be renewed, or the store should record that the session was seen.
    pub(super) is_renewal_due: bool,
    /// The token that replaced its own.
    pub(super) successor: Option<Token>,
}

/// Where the session is stored.
pub(super) enum Kept {
    Cookie(CookieSessionId),
    Store(StoredSessionId, Box<AccountRecord>),
}

/// The result of reading a request's session cookies.
pub(crate) enum Reading {
    Live(Session),
    Nobody {
        /// The cookie is useless and should be removed.
        remove: bool,
    },
}

/// A cookie to send with the answer, unless the session ends before.
pub(crate) struct Renewal {
    pub(super) session: Ended,
    pub(super) line: String,
}

impl Session {
    /// The stored account, if there is one.
    pub(crate) fn account(&self) -> Option<&AccountRecord> {
        match &self.kept {
            Kept::Cookie(_) => None,
            Kept::Store(_, account) => Some(account),
        }
    }

    /// The same session with a refreshed token.
    pub(crate) fn with_token(self, token: Token) -> Self {
        Self { successor: Some(token), ..self }
    }

    /// The session's key in the tombstones.
    pub(super) fn name(&self) -> Ended {
        match &self.kept {
            Kept::Cookie(id) => Ended::Cookie(*id),
            Kept::Store(id, _) => Ended::Stored(id.hash()),
        }
    }
}

impl StoredSessionId {
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        from_base64url(value)?.try_into().ok().map(Self)
    }

    pub(super) fn hash(self) -> SessionIdHash {
        SessionIdHash::from_bytes(Sha256::digest(self.0).into())
    }
}
