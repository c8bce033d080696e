"""For a provider that can be changed: what its login service says to the gateway, where no front stands before it.

`calls.py` is for any in Python; `django_oauth_toolkit.py`, `authlib_flask.py` and `node_oidc_provider.mjs` are recipes.

`docs/login-side.md` explains the calls. With a front (`docs/front.md`) none of them is needed.
"""
