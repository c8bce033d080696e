"""JOSE, all of it: key sets, ID tokens sent as hints, logout tokens; and sealed handles.

The only room that imports jwcrypto. Its errors come in many unrelated types and its defaults allow more than any caller
means, so both stay behind this door: what leaves is a `Hint`, a key set, or one of our own errors.
"""
