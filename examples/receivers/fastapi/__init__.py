"""For FastAPI."""
