-- Public keys that a provider has been seen to have: hints outlive the keys that signed them.
CREATE TABLE provider_keys (
    issuer_id  TEXT NOT NULL,
    thumbprint TEXT NOT NULL,
    jwk        TEXT NOT NULL,
    seen_at    DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (issuer_id, thumbprint)
) {clustered};
