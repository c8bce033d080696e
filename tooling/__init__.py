"""What the document and the tests are checked with. Nothing of it is shipped."""
