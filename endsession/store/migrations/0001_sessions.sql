-- Times are seconds since 1970. {clustered} stores a table in the order of its key where the backend knows how.

CREATE TABLE sessions (
    issuer_id    TEXT NOT NULL,
    sid          TEXT NOT NULL,
    sub          TEXT NOT NULL,
    user_label   TEXT,
    began_at     DOUBLE PRECISION NOT NULL,
    expires_at   DOUBLE PRECISION NOT NULL,
    idle_seconds DOUBLE PRECISION,
    dies_at      DOUBLE PRECISION NOT NULL,
    ended_at     DOUBLE PRECISION,
    end_reason   TEXT,
    ended_by     TEXT,
    PRIMARY KEY (issuer_id, sid)
) {clustered};
CREATE INDEX sessions_live_by_sub ON sessions (issuer_id, sub, sid) WHERE ended_at IS NULL;
CREATE INDEX sessions_live_by_death ON sessions (dies_at) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE session_cookies (
    issuer_id TEXT NOT NULL,
    sha256    TEXT NOT NULL,
    sid       TEXT NOT NULL,
    PRIMARY KEY (issuer_id, sha256)
) {clustered};
CREATE INDEX session_cookies_by_sid ON session_cookies (issuer_id, sid);

-- rp_sid is the app's own sid, or empty where the app knows the session by the provider's.
CREATE TABLE participants (
    issuer_id TEXT NOT NULL,
    sid       TEXT NOT NULL,
    client_id TEXT NOT NULL,
    rp_sid    TEXT NOT NULL DEFAULT '',
    sub       TEXT,
    joined_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, sid, client_id, rp_sid)
) {clustered};
CREATE INDEX participants_by_rp_sid ON participants (issuer_id, client_id, rp_sid) WHERE rp_sid <> '';
CREATE INDEX participants_by_sub ON participants (issuer_id, client_id, sub) WHERE sub IS NOT NULL;

CREATE TABLE spent_handles (
    sha256     TEXT NOT NULL PRIMARY KEY,
    expires_at DOUBLE PRECISION NOT NULL
) {clustered};
CREATE INDEX spent_handles_by_expiry ON spent_handles (expires_at);

CREATE TABLE secrets (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE audit (
    id        {identity},
    at        DOUBLE PRECISION NOT NULL,
    issuer_id TEXT NOT NULL,
    event     TEXT NOT NULL,
    sid       TEXT NOT NULL,
    sub       TEXT NOT NULL,
    reason    TEXT NOT NULL,
    actor     TEXT NOT NULL
);
