-- What a question was answered with, so that a second answer learns what happened.
ALTER TABLE spent_handles ADD COLUMN answer TEXT NOT NULL DEFAULT '';
