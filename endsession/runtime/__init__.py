"""Putting the gateway together and running it: from settings and the document to listeners that serve.

Nothing about a logout is decided here. What handlers are given is `gateway.py`, one floor below.
"""
