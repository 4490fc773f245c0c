//! What is said to the database.

use crate::sql::statements;

/// The columns of an account, as `row::account` reads them.
macro_rules! account_columns {
    () => {
        "a.client_id, a.user_id, a.further_ids, a.sealed_token, a.scopes, a.issued_at, a.expires_at"
    };
}

statements! {
    further_ids: "SELECT further_ids FROM {p}_accounts WHERE client_id = ?1 AND user_id = ?2",
    put_account: "INSERT INTO {p}_accounts \
        (client_id, user_id, further_ids, sealed_token, scopes, issued_at, expires_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
        ON CONFLICT (client_id, user_id) DO UPDATE SET further_ids = ?3, sealed_token = ?4, \
        scopes = ?5, issued_at = ?6, expires_at = ?7",
    replace_account: "UPDATE {p}_accounts SET further_ids = ?3, sealed_token = ?4, scopes = ?5, \
        issued_at = ?6, expires_at = ?7 \
        WHERE client_id = ?1 AND user_id = ?2 AND sealed_token = ?8",
    know: "INSERT INTO {p}_known_ids (client_id, id, user_id) VALUES (?1, ?2, ?3) \
        ON CONFLICT DO NOTHING",
    unknow: "DELETE FROM {p}_known_ids WHERE client_id = ?1 AND user_id = ?2",
    put_session: "INSERT INTO {p}_sessions \
        (id_hash, client_id, user_id, created_at, last_seen_at, expires_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
        ON CONFLICT (id_hash) DO UPDATE SET client_id = ?2, user_id = ?3, created_at = ?4, \
        last_seen_at = ?5, expires_at = ?6",
    session: concat!("SELECT ", account_columns!(), ", s.created_at, s.last_seen_at, s.expires_at \
        FROM {p}_sessions s JOIN {p}_accounts a USING (client_id, user_id) \
        WHERE s.id_hash = ?1 AND s.expires_at > ?2 AND a.expires_at > ?2"),
    touch_session: "UPDATE {p}_sessions SET last_seen_at = ?2, expires_at = ?3 WHERE id_hash = ?1",
    end_session: "DELETE FROM {p}_sessions WHERE id_hash = ?1",
    sessions: "SELECT id_hash, created_at, last_seen_at, expires_at FROM {p}_sessions \
        WHERE client_id = ?1 AND user_id = ?2 AND expires_at > ?3 ORDER BY created_at, id_hash",
    end_sessions: "DELETE FROM {p}_sessions WHERE client_id = ?1 AND user_id = ?2",
    account: concat!("SELECT ", account_columns!(), " FROM {p}_accounts a \
        WHERE a.client_id = ?1 AND a.user_id = ?2 AND a.expires_at > ?3"),
    accounts: concat!("SELECT ", account_columns!(), " FROM {p}_accounts a \
        WHERE a.client_id = ?1 AND a.user_id > ?2 ORDER BY a.user_id LIMIT ?3"),
    accounts_expiring: concat!("SELECT ", account_columns!(), " FROM {p}_accounts a \
        WHERE a.client_id = ?1 AND a.user_id > ?2 AND a.expires_at < ?4 \
        ORDER BY a.user_id LIMIT ?3"),
    accounts_known_by: concat!("SELECT ", account_columns!(), " FROM {p}_accounts a \
        WHERE a.client_id = ?1 AND (a.user_id = ?2 OR a.user_id IN \
        (SELECT user_id FROM {p}_known_ids WHERE client_id = ?1 AND id = ?2)) ORDER BY a.user_id"),
    forget_account: "DELETE FROM {p}_accounts \
        WHERE client_id = ?1 AND user_id = ?2 AND sealed_token = ?3",
    claim: "INSERT INTO {p}_claims (key, owner, until) VALUES (?1, ?2, ?3) \
        ON CONFLICT (key) DO UPDATE SET owner = ?2, until = ?3 WHERE owner = ?2 OR until <= ?4",
    // What is there only gives way to a writer that knows its status: ?5, none where it has expired at ?6.
    put_deletion: "INSERT INTO {p}_deletions AS d (code_hash, status, requested_at, expires_at) \
        SELECT ?1, ?2, ?3, ?4 WHERE ?5 IS NULL \
        OR EXISTS (SELECT 1 FROM {p}_deletions WHERE code_hash = ?1 AND expires_at > ?6) \
        ON CONFLICT (code_hash) DO UPDATE SET status = ?2, requested_at = ?3, expires_at = ?4 \
        WHERE CASE WHEN d.expires_at > ?6 THEN d.status END IS ?5",
    deletion: "SELECT status, requested_at, expires_at FROM {p}_deletions \
        WHERE code_hash = ?1 AND expires_at > ?2",
    purge_sessions: "DELETE FROM {p}_sessions WHERE id_hash IN \
        (SELECT id_hash FROM {p}_sessions WHERE expires_at <= ?1 LIMIT ?2)",
    // An account goes after its last session: a new login could still revive those that live.
    purge_accounts: "DELETE FROM {p}_accounts WHERE (client_id, user_id) IN \
        (SELECT client_id, user_id FROM {p}_accounts a WHERE a.expires_at <= ?1 AND NOT EXISTS \
        (SELECT 1 FROM {p}_sessions s WHERE s.client_id = a.client_id \
        AND s.user_id = a.user_id AND s.expires_at > ?1) LIMIT ?2)",
    purge_claims: "DELETE FROM {p}_claims WHERE key IN \
        (SELECT key FROM {p}_claims WHERE until <= ?1 LIMIT ?2)",
    purge_deletions: "DELETE FROM {p}_deletions WHERE code_hash IN \
        (SELECT code_hash FROM {p}_deletions WHERE expires_at <= ?1 LIMIT ?2)",
}
