"""Conformance tests for logout services, from outside: over HTTP, against the OpenAPI document that they publish.

`checks/` holds what is tested, one behaviour per function. `responses/` holds what is true of every response to
any request. `fuzzing/` lets schemathesis generate requests, and `reporting/` writes down what was seen.

It is not a part of the gateway and imports nothing of it: what it knows of a deployment is the document, a few
conventions (`conventions.py`) and the options of a run.
"""

__version__ = "0.1.0"
