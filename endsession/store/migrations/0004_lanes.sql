-- A pending delivery is either held (lease is set, and due_at is when the lease ends) or waiting (lease is NULL, and
-- due_at is when it may be tried). The waiting deliveries of one app are its lane: what waits costs one row here, however
-- many deliveries it is. next_at is when a worker looks at a lane next; until rest_until its app is left alone.
CREATE TABLE lanes (
    issuer_id  TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    channel    TEXT NOT NULL,
    next_at    DOUBLE PRECISION NOT NULL,
    rest_until DOUBLE PRECISION NOT NULL DEFAULT 0,
    failures   INTEGER NOT NULL DEFAULT 0,
    lease      TEXT,
    PRIMARY KEY (issuer_id, client_id, channel)
) {clustered};
CREATE INDEX lanes_next ON lanes (next_at);
INSERT INTO lanes (issuer_id, client_id, channel, next_at)
    SELECT DISTINCT issuer_id, client_id, channel, 0 FROM deliveries WHERE state = 'pending';
UPDATE deliveries SET lease = NULL WHERE state = 'pending';

DROP INDEX deliveries_due;
CREATE INDEX deliveries_held ON deliveries (due_at) WHERE state = 'pending' AND lease IS NOT NULL;
CREATE INDEX deliveries_waiting ON deliveries (issuer_id, client_id, channel, due_at)
    WHERE state = 'pending' AND lease IS NULL;

-- An ending with more apps than one transaction takes: after_client_id and after_rp_sid are the last one written down.
-- due_at is when another process goes on, unless the one that holds it has by then.
CREATE TABLE fan_outs (
    issuer_id       TEXT NOT NULL,
    sid             TEXT NOT NULL,
    sub             TEXT NOT NULL,
    initiator       TEXT NOT NULL,
    after_client_id TEXT NOT NULL,
    after_rp_sid    TEXT NOT NULL,
    due_at          DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, sid)
) {clustered};
CREATE INDEX fan_outs_due ON fan_outs (due_at);
