"""Generated requests (schemathesis), sent through the same transport and judged by the same rules as all others."""
