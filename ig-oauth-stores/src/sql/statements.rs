//! The SQL statements: one per operation, so each operation is atomic.
//!
//! In PostgreSQL, a statement that changes several sessions of an account locks the account's row
//! first, and a statement on several accounts locks them in the order of their keys, so statements
//! cannot deadlock.

use std::sync::Arc;

/// The parts of statements that differ between engines, and where they are inserted.
pub(crate) struct Dialect {
    /// Writes the account of the parameters 1 to 7 and its session. `{put_account}` is its first
    /// part.
    pub(crate) put_account_and_session: &'static str,
    /// `{joined_ids}`: the new account's further ids, merged with those of the earlier one.
    pub(crate) joined_ids: &'static str,
    /// `{index_ids}`: runs after a change of the further ids of the account of the parameters 1 and
    /// 2.
    pub(crate) index_ids: &'static str,
    /// `{has_id}`: whether the account `a` has the further id of parameter 2.
    pub(crate) has_id: &'static str,
    pub(crate) end_sessions: &'static str,
    /// `{skip_locked}`: a clean-up skips locked rows, and the next one deletes them.
    pub(crate) skip_locked: &'static str,
    /// The database's time.
    pub(crate) clock: &'static str,
    /// The first character of a parameter.
    pub(crate) parameter: &'static str,
}

impl Dialect {
    fn fill(&self, text: &str, prefix: &str) -> Arc<str> {
        let filled = text
            .replace("{put_account}", PUT_ACCOUNT)
            .replace("{account}", ACCOUNT)
            .replace("{joined_ids}", self.joined_ids)
            .replace("{index_ids}", self.index_ids)
            .replace("{has_id}", self.has_id)
            .replace("{skip_locked}", self.skip_locked)
            .replace("{p}", prefix)
            .replace('$', self.parameter);
        filled.into()
    }
}

/// The columns of an account, in the order that `Row::account` reads.
const ACCOUNT: &str =
    "a.client_id, a.user_id, a.further_ids, a.sealed_token, a.scopes, a.issued_at, a.expires_at";

const PUT_ACCOUNT: &str = "INSERT INTO {p}_accounts AS a \
    (client_id, user_id, further_ids, sealed_token, scopes, issued_at, expires_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) \
    ON CONFLICT (client_id, user_id) DO UPDATE SET further_ids = {joined_ids}, \
    sealed_token = excluded.sealed_token, scopes = excluded.scopes, \
    issued_at = excluded.issued_at, expires_at = excluded.expires_at";

/// A struct of statements: those of the dialect, and the shared ones.
macro_rules! statements {
    (dialect: $($own:ident),*; shared: $($name:ident: $text:expr,)*) => {
        pub(crate) struct Sql {
            $(pub(super) $own: Arc<str>,)*
            $(pub(super) $name: Arc<str>,)*
        }

        impl Sql {
            pub(super) fn new(dialect: &Dialect, prefix: &str) -> Self {
                Self {
                    $($own: dialect.fill(dialect.$own, prefix),)*
                    $($name: dialect.fill($text, prefix),)*
                }
            }
        }
    };
}

statements! {
    dialect: put_account_and_session, end_sessions, clock;
    shared:
    put_account: "{put_account}{index_ids}",
    replace_account: "UPDATE {p}_accounts SET further_ids = $3, sealed_token = $4, scopes = $5, \
        issued_at = $6, expires_at = $7 \
        WHERE client_id = $1 AND user_id = $2 AND sealed_token = $8{index_ids}",
    session: "SELECT {account}, s.id_hash, s.created_at, s.last_seen_at, s.expires_at \
        FROM {p}_sessions s JOIN {p}_accounts a USING (client_id, user_id) \
        WHERE s.id_hash = $1 AND s.expires_at > $2 AND a.expires_at > $2",
    touch_session: "UPDATE {p}_sessions SET last_seen_at = $2, expires_at = $3 WHERE id_hash = $1",
    end_session: "DELETE FROM {p}_sessions WHERE id_hash = $1",
    sessions: "SELECT id_hash, created_at, last_seen_at, expires_at FROM {p}_sessions \
        WHERE client_id = $1 AND user_id = $2 AND expires_at > $3 ORDER BY created_at, id_hash",
    account: "SELECT {account} FROM {p}_accounts a \
        WHERE a.client_id = $1 AND a.user_id = $2 AND a.expires_at > $3",
    accounts: "SELECT {account} FROM {p}_accounts a \
        WHERE a.client_id = $1 AND a.user_id > $2 ORDER BY a.user_id LIMIT $3",
    accounts_expiring: "SELECT {account} FROM {p}_accounts a \
        WHERE a.client_id = $1 AND a.user_id > $2 AND a.expires_at < $4 \
        ORDER BY a.user_id LIMIT $3",
    accounts_known_by: "SELECT {account} FROM {p}_accounts a \
        WHERE a.client_id = $1 AND (a.user_id = $2 OR {has_id}) ORDER BY a.user_id",
    // The foreign key deletes the sessions with their account.
    forget_account: "DELETE FROM {p}_accounts \
        WHERE client_id = $1 AND user_id = $2 AND sealed_token = $3",
    claim: "INSERT INTO {p}_claims AS c (key, owner, until) VALUES ($1, $2, $3) \
        ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until \
        WHERE c.owner = excluded.owner OR c.until <= $4",
    // An existing record is replaced only if its status is $5: NULL if it has expired at $6.
    put_deletion: "INSERT INTO {p}_deletions AS d (code_hash, status, requested_at, expires_at) \
        SELECT $1, $2, $3, $4 WHERE CAST($5 AS text) IS NULL \
        OR EXISTS (SELECT 1 FROM {p}_deletions WHERE code_hash = $1 AND expires_at > $6) \
        ON CONFLICT (code_hash) DO UPDATE SET status = excluded.status, \
        requested_at = excluded.requested_at, expires_at = excluded.expires_at \
        WHERE CASE WHEN d.expires_at > $6 THEN d.status END IS NOT DISTINCT FROM CAST($5 AS text)",
    deletion: "SELECT status, requested_at, expires_at FROM {p}_deletions \
        WHERE code_hash = $1 AND expires_at > $2",
    purge_sessions: "DELETE FROM {p}_sessions WHERE expires_at <= $1 AND id_hash IN \
        (SELECT id_hash FROM {p}_sessions WHERE expires_at <= $1 LIMIT $2 {skip_locked})",
    // An account is deleted after its last session, because a new login could make live sessions
    // valid again.
    purge_accounts: "DELETE FROM {p}_accounts WHERE expires_at <= $1 AND (client_id, user_id) IN \
        (SELECT a.client_id, a.user_id FROM {p}_accounts a \
        WHERE a.expires_at <= $1 AND NOT EXISTS (SELECT 1 FROM {p}_sessions s \
        WHERE s.client_id = a.client_id AND s.user_id = a.user_id AND s.expires_at > $1) \
        LIMIT $2 {skip_locked})",
    purge_claims: "DELETE FROM {p}_claims WHERE until <= $1 AND key IN \
        (SELECT key FROM {p}_claims WHERE until <= $1 LIMIT $2 {skip_locked})",
    purge_deletions: "DELETE FROM {p}_deletions WHERE expires_at <= $1 AND code_hash IN \
        (SELECT code_hash FROM {p}_deletions WHERE expires_at <= $1 LIMIT $2 {skip_locked})",
}
