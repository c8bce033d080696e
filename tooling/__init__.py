"""What the document is checked with. Nothing of it is shipped."""
