"""What the requests of each operation can hold: a kind for each slot, the one that fits first."""

from __future__ import annotations

from typing import Any

from endsession.contract.document import Document

from .flow import HTML, JSON
from .fuzz_cast import READERS, REDIRECTS
from .fuzz_hints import HINTS

Parts = dict[str, str]
"""What one request is made of: a kind for each slot."""
Slots = dict[str, tuple[str, ...]]

ACCEPT = {"any": "*/*", "html": HTML, "json": JSON}
CLIENTS = ("web", "other", "gone", "hmac", "nobody")

_ISSUER: Slots = {"issuer": ("acme", "globex", "blind", "nobody")}
_COOKIE: Slots = {"cookie": ("live", "ended", "of another user", "unknown", "none")}
_ACCEPT: Slots = {"accept": tuple(ACCEPT)}
_TOKEN: Slots = {"token": tuple(READERS)}
_LOGOUT: Slots = {
    **_ISSUER,
    "hint": (*HINTS, "absent"),
    "redirect": (*REDIRECTS, "absent"),
    "client": (*CLIENTS, "absent"),
    **_COOKIE,
    **_ACCEPT,
    "place": ("form", "query"),
}
_OF_OPERATIONS: dict[str, Slots] = {
    "confirmLogout": {
        **_ISSUER,
        "question": ("open", "with a way back", "spent", "of another issuer"),
        "browser": ("the same", "another"),
        "decision": ("yes", "no", "absent"),
        "origin": ("own", "foreign"),
        **_ACCEPT,
    },
    "resumeLogout": {
        **_ISSUER,
        **_COOKIE,
        "parked": ("asked", "live", "forged", "of a disabled client", "not registered"),
        "browser": ("the same", "another"),
        **_ACCEPT,
    },
    "logoutStatus": {**_ISSUER, "status": ("open",), **_ACCEPT},
    "continueLogout": {**_ISSUER, "frames": ("shown",), **_ACCEPT},
    "redeliver": {**_ISSUER, **_TOKEN, "delivery": ("over", "never")},
    "explainLogout": {**_ISSUER, **_TOKEN, "endpoint": ("one of ours", "another")},
}
_OF_TAGS: dict[str, Slots] = {
    "sessions": {**_ISSUER, **_TOKEN, "sid": ("live", "ended", "new"), "participant": CLIENTS},
    "deliveries": {**_ISSUER, **_TOKEN},
    "clients": {
        **_ISSUER,
        **_TOKEN,
        "name": ("stored", "of settings", "new"),
        "metadata": ("good", "with a script", "generated"),
    },
    "discovery": _ISSUER,
}


def slots_of(document: Document, path: str, method: str) -> Slots:
    """The slots of an operation's requests, with the kinds that each can take."""
    definition: Any = document.raw["paths"][path][method]
    if path in document.endpoints:
        return _LOGOUT
    return _OF_OPERATIONS.get(definition["operationId"]) or _OF_TAGS.get(definition["tags"][0]) or {}
