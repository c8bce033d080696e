-- Clients whose ID tokens have been seen not to have what the settings say: has_sid is 0, and 1 again once they have. as_of
-- is the iat of the ID token that showed it, so that an older one does not turn it back.
CREATE TABLE seen_hints (
    issuer_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    has_sid   INTEGER NOT NULL,
    as_of     DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, client_id)
) {clustered};
