-- What was kept in the clear is made anew, sealed with a secret that the database does not hold: the key of handles, and
-- the keys of issuers on a loopback address. A client's secret moves from its metadata to a column of its own, sealed;
-- that needs the secret, so it is done when the gateway opens (runtime/sealing.py).
DELETE FROM secrets;
ALTER TABLE clients ADD COLUMN secret TEXT;

-- Whom else an entry is about, and from which address the caller came.
ALTER TABLE audit ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN address TEXT NOT NULL DEFAULT '';
