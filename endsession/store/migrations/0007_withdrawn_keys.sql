-- When a provider's key was first found to be withdrawn. It verifies only what was issued before.
ALTER TABLE provider_keys ADD COLUMN gone_at DOUBLE PRECISION;
