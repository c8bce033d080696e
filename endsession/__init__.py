"""The engine of endsession: a logout service for OpenID Connect.

Each folder is a room with one concern; `docs/architecture.md` has the plan of the house. What a logout *does* is
written in `handlers/logout.py`, in the order in which it happens.
"""

__version__ = "0.1.0"
