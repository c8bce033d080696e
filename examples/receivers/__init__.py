"""Receivers of logout tokens for apps (`docs/app-side.md`): one endpoint per framework, and what the Python ones share.

`logout_token.py` checks a token, `sessions.py` keeps the app's sessions; both are copied with the framework's own file.
"""
