"""An issuer's metadata for relying parties (OpenID Connect Discovery 1.0, section 3).

What concerns logout is ours to say. The rest is the provider's, where the settings name its own document as the base.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..protocol.errors import ProviderUnavailable
from .remote import Fetch, Remote


class DocumentMemory(Protocol):
    """Where a document is remembered, so that a restart does not forget it."""

    async def load(self) -> str | None:
        """What was saved last."""
        ...

    async def save(self, text: str) -> None:
        """The provider publishes this now."""
        ...


class ProviderMetadata:
    """The provider's own document: fetched when first needed, checked, and kept while the provider is unavailable."""

    def __init__(
        self,
        url: str,
        issuer: str,
        fetch: Fetch,
        clock: Callable[[], float],
        *,
        memory: DocumentMemory | None = None,
        optional: bool = False,
        unsaid: float = 3600,
    ) -> None:
        """`issuer` is the identifier that the document has to name; `unsaid` is Remote's.

        `optional` says that the provider need not have it: `absent` is then true while it answers 404.
        """
        self._issuer, self._memory, self._remembered = issuer, memory, True
        self.members: Mapping[str, Any] | None = None
        """What is known of it now; each change brings a new mapping."""
        self.absent = False
        self.remote = Remote(
            url, fetch, self._take, self._has_answer, clock, absent=self._gone if optional else None, unsaid=unsaid
        )

    async def recall(self) -> None:
        """Take in what was remembered before this process began. It counts as expired."""
        text = await self._memory.load() if self._memory is not None else None
        if text is not None:
            with contextlib.suppress(ValueError):  # by an earlier version, or for another identifier
                self.members = parse_metadata(text.encode(), self._issuer)

    async def read(self) -> Mapping[str, Any]:
        """The document's members. Raises ProviderUnavailable while it has never been fetched.

        Ours alone would not do then: a relying party that reads it would keep an incomplete document.
        """
        if self.members is None:
            await self.remote.look()
        else:
            self.remote.refresh_if_stale()
        return self._known()

    async def read_fresh(self) -> Mapping[str, Any]:
        """The same, as new as the provider's Cache-Control asks for: what has expired is fetched first."""
        await self.remote.refresh()
        return self._known()

    def _known(self) -> Mapping[str, Any]:
        if self.members is None:
            raise ProviderUnavailable(detail=f"the metadata of {self.remote.url} could not be fetched")
        return self.members

    def _has_answer(self) -> bool:
        return self.members is not None or self.absent

    def _gone(self) -> None:
        self.members, self.absent = None, True

    async def _take(self, octets: bytes) -> None:
        members = parse_metadata(octets, self._issuer)
        self.absent = False
        if members != self.members:
            self.members, self._remembered = members, False
        if self._memory is not None and not self._remembered:
            await self._memory.save(json.dumps(members))
            self._remembered = True


def parse_metadata(octets: bytes, issuer: str) -> Mapping[str, Any]:
    """A provider's metadata document. Raises ValueError for anything else, and for another issuer's (section 4.3)."""
    try:
        members = json.loads(octets, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not valid JSON ({type(error).__name__})") from None
    if not isinstance(members, Mapping):
        raise ValueError("it is not a JSON object")
    if (named := members.get("issuer")) != issuer:
        slash = isinstance(named, str) and named.rstrip("/") == issuer.rstrip("/")
        near = ": one of the two has a slash at its end" if slash else ""
        raise ValueError(f"its issuer is not {issuer}, character by character{near}")
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


def logout_members(end_session_endpoint: str, *, with_sid: bool) -> dict[str, Any]:
    """The members that are ours to say (RP-Initiated Logout 1.0, section 2.1; Front-Channel Logout 1.0, section 3;
    Back-Channel Logout 1.0, section 2.1). `with_sid` says whether logout tokens carry `sid`.
    """
    return {
        "end_session_endpoint": end_session_endpoint,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": with_sid,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": with_sid,
    }


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
