"""What the document and the code are checked with. Nothing of it is shipped."""
