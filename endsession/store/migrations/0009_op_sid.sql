-- The provider's own name of the session, where it is not the one that it was registered under.
ALTER TABLE sessions ADD COLUMN op_sid TEXT;
