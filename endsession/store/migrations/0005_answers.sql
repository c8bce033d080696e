-- What a question was answered with, so that whoever answers it again learns what happened.
ALTER TABLE spent_handles ADD COLUMN answer TEXT NOT NULL DEFAULT '';
