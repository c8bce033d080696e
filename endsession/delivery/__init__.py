"""Telling apps, and the provider, that a session has ended: once it has, until they confirm it or the deadline passes.

What to tell and to whom is decided when a session ends (`endings.py`) and kept in `store`; logout tokens are made by
`tokens`. What a provider publishes is fetched by `provider`.
"""
