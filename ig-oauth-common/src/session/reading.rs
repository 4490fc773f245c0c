//! A session as it was read.

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
    /// When the login ended that made it.
    pub(crate) started_at: Timestamp,
    pub(super) seen_at: Timestamp,
    pub(super) kept: Kept,
    pub(super) is_by_newest_key: bool,
    /// The cookie should be sealed anew, or the store should note that it was seen.
    pub(super) is_renewal_due: bool,
    /// The token that took the place of its own.
    pub(super) successor: Option<Token>,
}

/// Where it is kept.
pub(super) enum Kept {
    Cookie(CookieSessionId),
    Store(StoredSessionId, Box<AccountRecord>),
}

/// What a request's cookies say.
pub(crate) enum Reading {
    Live(Session),
    Nobody {
        /// The cookie is of no use to anybody: it should go.
        remove: bool,
    },
}

/// A cookie to send along, unless the session ends before.
pub(crate) struct Renewal {
    pub(super) session: Ended,
    pub(super) line: String,
}

impl Session {
    /// The stored account, where there is one.
    pub(crate) fn account(&self) -> Option<&AccountRecord> {
        match &self.kept {
            Kept::Cookie(_) => None,
            Kept::Store(_, account) => Some(account),
        }
    }

    /// The same session, whose token was refreshed.
    pub(crate) fn with_token(self, token: Token) -> Self {
        Self { successor: Some(token), ..self }
    }

    /// What tombstones know it by.
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
