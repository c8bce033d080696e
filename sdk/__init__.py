"""Client SDKs, generated from the document: `make sdks`. See docs/sdks.md."""
