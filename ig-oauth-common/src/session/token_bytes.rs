//! The binary form of a token, for sealing.

use std::sync::Arc;

use crate::api::{Scope, Scopes};
use crate::clock::Timestamp;
use crate::encoding::{Reader, Writer};
use crate::provider::{Provider, Token};
use crate::token_facts::{AccessToken, Lifetime, TokenFacts};

const SCOPES_REPORTED: u8 = 1;
const LONG_LIVED: u8 = 2;
/// Only in a store, where the account remains after its token is dead.
const DEAD: u8 = 4;

/// The token's bytes, with the mark of a dead token.
pub(super) fn encode(token: &Token, is_dead: bool) -> Vec<u8> {
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    let flags = flag(token.scopes_reported(), SCOPES_REPORTED)
        | flag(token.lifetime() == Lifetime::LongLived, LONG_LIVED)
        | flag(is_dead, DEAD);
    Writer::new()
        .byte(flags)
        .number(token.issued_at().unix_seconds())
        .number(token.expires_at().unix_seconds())
        .part(token.user_id().as_str().as_bytes())
        .part(token.scopes().to_string().as_bytes())
        .part(token.access_token().expose_secret().as_bytes())
        .finish()
}

/// The token in those bytes, and whether it is marked as dead. Only values sealed with this app's
/// secrets are decoded here, so unreadable bytes were written by another version.
pub(super) fn decode(bytes: &[u8], provider: &Arc<Provider>) -> Option<(Token, bool)> {
    let mut reader = Reader::new(bytes);
    let flags = reader.byte()?;
    // The fields are read in this order.
    let facts = TokenFacts {
        scopes_reported: flags & SCOPES_REPORTED != 0,
        lifetime: if flags & LONG_LIVED == 0 { Lifetime::ShortLived } else { Lifetime::LongLived },
        issued_at: Timestamp::from_unix_seconds(reader.number()?),
        expires_at: Timestamp::from_unix_seconds(reader.number()?),
        user_id: reader.text()?.parse().ok()?,
        scopes: {
            let names = reader.text()?.split(',').filter(|name| !name.is_empty());
            names.map(Scope::reported).collect::<Option<Scopes>>()?
        },
        access_token: AccessToken::new(reader.text()?),
    };
    reader.end()?;
    Some((Token::new(facts, provider), flags & DEAD != 0))
}
