"""A client's own keys, which are public: what is private in a JWK is refused, and is never shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
"""Members that hold private or symmetric key material (RFC 7518, section 6; `priv` is that of post-quantum keys)."""


def private_members(jwks: Mapping[str, Any]) -> list[str]:
    """The names of private members in a JWK Set, or in a JWK that stands in its place."""
    return sorted({name for key in (jwks, *_keys(jwks)) for name in _PRIVATE & key.keys()})


def public_jwks(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """A JWK Set without what is private in it."""
    shown = {name: value for name, value in jwks.items() if name not in _PRIVATE}
    if "keys" in jwks:
        shown["keys"] = [{name: key[name] for name in key if name not in _PRIVATE} for key in _keys(jwks)]
    return shown


def _keys(jwks: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    keys = jwks.get("keys")
    return [key for key in keys if isinstance(key, Mapping)] if isinstance(keys, list) else []
