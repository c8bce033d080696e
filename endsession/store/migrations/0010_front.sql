-- What a front has seen of browsers. Of cookies, codes, nonces and tokens there are digests alone.

-- A browser, by the SHA-256 of its cookie. cleaned_sid is the ended session whose provider cookies are withheld, and
-- withheld in how many requests they were.
CREATE TABLE front_browsers (
    issuer_id   TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    seen_at     DOUBLE PRECISION NOT NULL,
    cleaned_sid TEXT NOT NULL DEFAULT '',
    withheld    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (issuer_id, sha256)
) {clustered};
CREATE INDEX front_browsers_by_time ON front_browsers (seen_at);

-- By what a token request finds its browser: codes, nonces, challenges. offline is 1 when offline_access was
-- asked for; contested is 1 when another browser showed the same.
CREATE TABLE front_awaited (
    issuer_id  TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    browser    TEXT NOT NULL,
    offline    INTEGER NOT NULL,
    contested  INTEGER NOT NULL DEFAULT 0,
    expires_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, sha256)
) {clustered};
CREATE INDEX front_awaited_by_time ON front_awaited (expires_at);

-- The keys of a pushed authorization request (RFC 9126), until a browser comes with its request_uri.
CREATE TABLE front_pushed (
    issuer_id  TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    awaited    TEXT NOT NULL,
    offline    INTEGER NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, sha256)
) {clustered};
CREATE INDEX front_pushed_by_time ON front_pushed (expires_at);

-- Tokens of sessions: refresh tokens, and access tokens where they are asked about here.
CREATE TABLE front_tokens (
    issuer_id  TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    sid        TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    offline    INTEGER NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, sha256)
) {clustered};
CREATE INDEX front_tokens_by_time ON front_tokens (expires_at);
CREATE INDEX front_tokens_by_sid ON front_tokens (issuer_id, sid);

-- Cookies of the provider that were alive when a session ended: withheld from it, by the digest of name and value.
CREATE TABLE front_dead_cookies (
    issuer_id  TEXT NOT NULL,
    browser    TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    expires_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, browser, sha256)
) {clustered};
CREATE INDEX front_dead_cookies_by_time ON front_dead_cookies (expires_at);

-- What an operator should know of: sign-ins that begin and never pass the token endpoint, logouts that did not stick,
-- cookies withheld in vain.
CREATE TABLE front_counts (
    issuer_id TEXT NOT NULL,
    event     TEXT NOT NULL,
    client_id TEXT NOT NULL,
    count     INTEGER NOT NULL,
    last_at   DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, event, client_id)
) {clustered};

-- When the provider first issued an ID token for a session that had ended here, without a new sign-in.
ALTER TABLE sessions ADD COLUMN survived_at DOUBLE PRECISION;

-- The sessions of a token's sid, whichever app it was issued to.
CREATE INDEX participants_by_sid_alone ON participants (issuer_id, rp_sid) WHERE rp_sid <> '';
