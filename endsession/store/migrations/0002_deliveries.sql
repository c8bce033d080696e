-- One row per app that has to be told of a session's end. client_id is empty for the provider itself. A pending one may
-- be claimed from due_at on; claiming it moves due_at to the end of the lease.
CREATE TABLE deliveries (
    issuer_id    TEXT NOT NULL,
    id           TEXT NOT NULL,
    sid          TEXT NOT NULL,
    client_id    TEXT NOT NULL,
    rp_sid       TEXT NOT NULL,
    sub          TEXT NOT NULL,
    channel      TEXT NOT NULL,
    state        TEXT NOT NULL,
    created_at   DOUBLE PRECISION NOT NULL,
    deadline     DOUBLE PRECISION NOT NULL,
    due_at       DOUBLE PRECISION NOT NULL,
    lease        TEXT,
    attempts     INTEGER NOT NULL DEFAULT 0,
    status       INTEGER,
    reason       TEXT NOT NULL DEFAULT '',
    settled_at   DOUBLE PRECISION,
    PRIMARY KEY (issuer_id, id)
) {clustered};
CREATE INDEX deliveries_by_session ON deliveries (issuer_id, sid);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'pending';

CREATE TABLE attempts (
    delivery_id TEXT NOT NULL,
    number      INTEGER NOT NULL,
    at          DOUBLE PRECISION NOT NULL,
    seconds     DOUBLE PRECISION NOT NULL,
    status      INTEGER,
    reason      TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
) {clustered};

-- Clients that are kept in the database, in addition to those in the settings file. metadata is JSON.
CREATE TABLE clients (
    issuer_id  TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    metadata   TEXT NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, client_id)
) {clustered};
