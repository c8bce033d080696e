"""An issuer's metadata for relying parties (OpenID Connect Discovery 1.0, section 3).

What concerns logout is ours to say. The rest is the provider's, where the settings name its own document as the base.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ..protocol.errors import ProviderUnavailable
from .remote import Fetch, Remote


class ProviderMetadata:
    """The provider's own document: fetched when first needed, checked, and kept while the provider is unavailable."""

    def __init__(self, url: str, issuer: str, fetch: Fetch, clock: Callable[[], float]) -> None:
        """`issuer` is the identifier that the document has to name."""
        self._issuer = issuer
        self._members: Mapping[str, Any] | None = None
        self._remote = Remote(url, fetch, self._take, lambda: self._members is not None, clock)

    async def read(self) -> Mapping[str, Any]:
        """The document's members. Raises ProviderUnavailable while it has never been fetched.

        Ours alone would not do then: a relying party that reads it would keep an incomplete document.
        """
        if self._members is None:
            await self._remote.look()
        else:
            self._remote.refresh_if_stale()
        if self._members is None:
            raise ProviderUnavailable(detail=f"the metadata of {self._remote.url} could not be fetched")
        return self._members

    async def _take(self, octets: bytes) -> None:
        self._members = parse_metadata(octets, self._issuer)


def parse_metadata(octets: bytes, issuer: str) -> Mapping[str, Any]:
    """A provider's metadata document. Raises ValueError for anything else, and for another issuer's (section 4.3)."""
    try:
        members = json.loads(octets, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not valid JSON ({type(error).__name__})") from None
    if not isinstance(members, Mapping):
        raise ValueError("it is not a JSON object")
    if members.get("issuer") != issuer:
        raise ValueError(f"its issuer is not {issuer}, character by character")
    if not isinstance(members.get("jwks_uri"), str):
        raise ValueError("it has no jwks_uri, which every provider's metadata has")
    for name in ("claims_supported", "ui_locales_supported"):
        if not _is_list_of_texts(members.get(name, [])):
            raise ValueError(f"its {name} is not a list of strings")
    return members


def _is_list_of_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is not JSON")


def with_logout(base: Mapping[str, Any], ours: Mapping[str, Any], *, with_sid: bool) -> dict[str, Any]:
    """The provider's document with our members in it.

    `signed_metadata` is left out: what it says takes precedence (RFC 8414, section 2.1), and it knows nothing of us.
    """
    members = {**base, **ours}
    members.pop("signed_metadata", None)
    claims = members.get("claims_supported", [])
    if with_sid and "sid" not in claims:
        members["claims_supported"] = [*claims, "sid"]
    return members
