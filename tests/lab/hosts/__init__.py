"""Apps around the receivers of examples/receivers, run by the lab's environment.

Each reads ISSUER, JWKS_URI and FOLDER. `POST /sign-in` with `sub` and `sid` stands for its OpenID login, and gives the
browser a session or a 409; `/` says who is signed in, or 401.
"""
