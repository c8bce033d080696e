"""Settings of providers that are Django projects. They run in the lab's environment, not in that of the tests."""
