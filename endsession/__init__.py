"""endsession: a logout service for OpenID Connect.

Each folder is a room with one concern; `docs/architecture.md` has the plan of the house. What a logout *does* is
written in `handlers/logout.py`, in the order in which it happens.

`handlers`, `settings` and `openapi` stand at the top of the repository and are links in here, so that the one name
that an installation adds to Python's is `endsession`.
"""

__version__ = "0.1.0"
