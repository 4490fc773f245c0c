CREATE TABLE {p}_accounts (
    client_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    further_ids text[] NOT NULL,
    sealed_token bytea NOT NULL,
    scopes text[] NOT NULL,
    issued_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (client_id, user_id)
);
CREATE INDEX {p}_accounts_expiry ON {p}_accounts (expires_at);
CREATE INDEX {p}_accounts_further_ids ON {p}_accounts USING gin (further_ids);

CREATE TABLE {p}_sessions (
    id_hash bytea PRIMARY KEY,
    client_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    FOREIGN KEY (client_id, user_id) REFERENCES {p}_accounts ON DELETE CASCADE
);
CREATE INDEX {p}_sessions_account ON {p}_sessions (client_id, user_id);
CREATE INDEX {p}_sessions_expiry ON {p}_sessions (expires_at);

CREATE TABLE {p}_claims (
    key text COLLATE "C" PRIMARY KEY,
    owner text NOT NULL,
    until bigint NOT NULL
);
CREATE INDEX {p}_claims_expiry ON {p}_claims (until);

CREATE TABLE {p}_deletions (
    code_hash bytea PRIMARY KEY,
    status text NOT NULL,
    requested_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX {p}_deletions_expiry ON {p}_deletions (expires_at);

CREATE TABLE {p}_schema (version integer NOT NULL);
INSERT INTO {p}_schema (version) VALUES (1);
