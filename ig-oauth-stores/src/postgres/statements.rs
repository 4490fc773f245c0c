//! What is said to the database: one statement an operation, so each is atomic by itself.
//!
//! Whoever changes several sessions of an account locks the account's row first, and several
//! accounts are locked in the order of their keys: so no two statements wait for each other.

use crate::sql::statements;

/// The columns of an account, as `row::account` reads them.
macro_rules! account_columns {
    () => {
        "a.client_id, a.user_id, a.further_ids, a.sealed_token, a.scopes, a.issued_at, a.expires_at"
    };
}

/// Writes the account of the parameters 1 to 7, further ids joined with those that are there.
macro_rules! put_account {
    () => {
        "INSERT INTO {p}_accounts AS a \
        (client_id, user_id, further_ids, sealed_token, scopes, issued_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (client_id, user_id) DO UPDATE SET \
        further_ids = excluded.further_ids || ARRAY(SELECT e.id \
        FROM unnest(a.further_ids) WITH ORDINALITY AS e (id, place) \
        WHERE e.id <> ALL (excluded.further_ids) ORDER BY e.place), \
        sealed_token = excluded.sealed_token, scopes = excluded.scopes, \
        issued_at = excluded.issued_at, expires_at = excluded.expires_at"
    };
}

statements! {
    put_account_and_session: concat!("WITH account AS (", put_account!(), " RETURNING client_id, user_id) \
        INSERT INTO {p}_sessions \
        (id_hash, client_id, user_id, created_at, last_seen_at, expires_at) \
        SELECT $8::bytea, client_id, user_id, $9::bigint, $10::bigint, $11::bigint FROM account \
        ON CONFLICT (id_hash) DO UPDATE SET client_id = excluded.client_id, \
        user_id = excluded.user_id, created_at = excluded.created_at, \
        last_seen_at = excluded.last_seen_at, expires_at = excluded.expires_at"),
    put_account: put_account!(),
    replace_account: "UPDATE {p}_accounts SET further_ids = $3, sealed_token = $4, scopes = $5, \
        issued_at = $6, expires_at = $7 \
        WHERE client_id = $1 AND user_id = $2 AND sealed_token = $8",
    session: concat!("SELECT ", account_columns!(), ", s.created_at, s.last_seen_at, s.expires_at \
        FROM {p}_sessions s JOIN {p}_accounts a USING (client_id, user_id) \
        WHERE s.id_hash = $1 AND s.expires_at > $2 AND a.expires_at > $2"),
    touch_session: "UPDATE {p}_sessions SET last_seen_at = $2, expires_at = $3 WHERE id_hash = $1",
    end_session: "DELETE FROM {p}_sessions WHERE id_hash = $1",
    sessions: "SELECT id_hash, created_at, last_seen_at, expires_at FROM {p}_sessions \
        WHERE client_id = $1 AND user_id = $2 AND expires_at > $3 ORDER BY created_at, id_hash",
    end_sessions: "WITH account AS (SELECT client_id, user_id FROM {p}_accounts \
        WHERE client_id = $1 AND user_id = $2 FOR UPDATE) \
        DELETE FROM {p}_sessions s USING account \
        WHERE s.client_id = account.client_id AND s.user_id = account.user_id",
    account: concat!("SELECT ", account_columns!(), " FROM {p}_accounts a \
        WHERE a.client_id = $1 AND a.user_id = $2 AND a.expires_at > $3"),
    accounts: concat!("SELECT ", account_columns!(), " FROM {p}_accounts a \
        WHERE a.client_id = $1 AND a.user_id > $2 ORDER BY a.user_id LIMIT $3"),
    accounts_expiring: concat!("SELECT ", account_columns!(), " FROM {p}_accounts a \
        WHERE a.client_id = $1 AND a.user_id > $2 AND a.expires_at < $4 \
        ORDER BY a.user_id LIMIT $3"),
    accounts_known_by: concat!("SELECT ", account_columns!(), " FROM {p}_accounts a \
        WHERE a.client_id = $1 AND (a.user_id = $2 OR a.further_ids @> ARRAY[$2]) \
        ORDER BY a.user_id"),
    // The sessions go with their account, by the foreign key.
    forget_account: "DELETE FROM {p}_accounts \
        WHERE client_id = $1 AND user_id = $2 AND sealed_token = $3",
    claim: "INSERT INTO {p}_claims AS c (key, owner, until) VALUES ($1, $2, $3) \
        ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until \
        WHERE c.owner = excluded.owner OR c.until <= $4",
    // What is there only gives way to a writer that knows its status: $5, none where it has expired at $6.
    put_deletion: "INSERT INTO {p}_deletions AS d (code_hash, status, requested_at, expires_at) \
        SELECT $1::bytea, $2::text, $3::bigint, $4::bigint WHERE $5::text IS NULL \
        OR EXISTS (SELECT FROM {p}_deletions WHERE code_hash = $1 AND expires_at > $6::bigint) \
        ON CONFLICT (code_hash) DO UPDATE SET status = excluded.status, \
        requested_at = excluded.requested_at, expires_at = excluded.expires_at \
        WHERE CASE WHEN d.expires_at > $6 THEN d.status END IS NOT DISTINCT FROM $5",
    deletion: "SELECT status, requested_at, expires_at FROM {p}_deletions \
        WHERE code_hash = $1 AND expires_at > $2",
    clock: "SELECT extract(epoch FROM clock_timestamp())::bigint",
    // Clean-ups pass by what others are using: the next one finds it.
    purge_sessions: "DELETE FROM {p}_sessions WHERE expires_at <= $1 AND id_hash IN \
        (SELECT id_hash FROM {p}_sessions WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    // An account goes after its last session: a new login could still revive those that live.
    purge_accounts: "WITH gone AS (SELECT a.client_id, a.user_id FROM {p}_accounts a \
        WHERE a.expires_at <= $1 AND NOT EXISTS (SELECT FROM {p}_sessions s \
        WHERE s.client_id = a.client_id AND s.user_id = a.user_id AND s.expires_at > $1) \
        LIMIT $2 FOR UPDATE SKIP LOCKED) \
        DELETE FROM {p}_accounts a USING gone \
        WHERE a.client_id = gone.client_id AND a.user_id = gone.user_id AND a.expires_at <= $1",
    purge_claims: "DELETE FROM {p}_claims WHERE until <= $1 AND key IN \
        (SELECT key FROM {p}_claims WHERE until <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)",
    purge_deletions: "DELETE FROM {p}_deletions WHERE expires_at <= $1 AND code_hash IN \
        (SELECT code_hash FROM {p}_deletions WHERE expires_at <= $1 LIMIT $2 \
        FOR UPDATE SKIP LOCKED)",
}
