CREATE TABLE {p}_accounts (
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    further_ids TEXT NOT NULL, -- JSON
    sealed_token BLOB NOT NULL,
    scopes TEXT NOT NULL, -- JSON
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, user_id)
) STRICT;
CREATE INDEX {p}_accounts_expiry ON {p}_accounts (client_id, expires_at);

CREATE TABLE {p}_known_ids (
    client_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (client_id, id, user_id),
    FOREIGN KEY (client_id, user_id) REFERENCES {p}_accounts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX {p}_known_ids_account ON {p}_known_ids (client_id, user_id);

CREATE TABLE {p}_sessions (
    id_hash BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (client_id, user_id) REFERENCES {p}_accounts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX {p}_sessions_account ON {p}_sessions (client_id, user_id);
CREATE INDEX {p}_sessions_expiry ON {p}_sessions (expires_at);

CREATE TABLE {p}_claims (
    key TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX {p}_claims_expiry ON {p}_claims (until);

CREATE TABLE {p}_deletions (
    code_hash BLOB NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX {p}_deletions_expiry ON {p}_deletions (expires_at);

CREATE TABLE {p}_schema (version INTEGER NOT NULL) STRICT;
INSERT INTO {p}_schema (version) VALUES (1);
