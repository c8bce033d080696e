"""Makes `openapi/idp.yaml` run: loads it, routes by it, validates by it, and renders what goes wrong.

The only room that imports connexion. Everything that depends on the document alone is done once, when the process
starts; a request pays for its own parameters only. Handlers are found by the tag and the operationId of an operation.
"""
