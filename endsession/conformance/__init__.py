"""Contract tests of any deployment, from outside. The only room that imports schemathesis."""
