"""For Flask."""
