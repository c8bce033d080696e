"""Coverage-guided fuzzing. `make fuzz` runs it for as long as SECONDS says; CI for a minute."""
