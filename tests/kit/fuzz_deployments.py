"""The deployments that the fuzzer visits: what one cannot answer, another can."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from endsession.contract.document import Document
from endsession.protocol.errors import ServiceUnavailable
from logout_conformance.reporting.table import Table

from .deployment import CONFIGURATION, DOCUMENT, merged
from .encrypted import private_key
from .flow import PLAIN
from .fuzz_aims import takes_hint
from .fuzz_cast import KEEPER, TOLD_URI
from .fuzz_stage import Stage, stage
from .logout_tokens import write_keys
from .receivers import Receivers, receivers

_REFUSES = {
    "id_token_hint": "required",
    "on_invalid_hint": "error",
    "on_no_params": "error",
    "on_foreign_hint": "error",
    "on_stale_sid": "error",
    "on_unregistered_redirect": "error",
    "on_no_hint": "prompt",
    "redirect_without_hint": "never",
}
_REFUSES_STRANGERS = {"require_authenticated_user": True}
"""For endpoints that take no hint."""
DEPLOYMENTS: dict[str, Mapping[str, Any]] = {
    "ordinary": {},
    # Where the ordinary one asks the user, this one refuses.
    "strict": {"issuers": {"acme": {"preset": "strict"}}},
    # Its allowance is used up before the fuzzer comes.
    "limited": {"limits": {"logout_per_address": "1/day"}},
    # No issuer is the default and none has this host, and the document is not shown as a page.
    "nowhere": {"issuers": {"acme": {"default": None}}, "server": {"docs": False}},
    # The provider does not publish the metadata that ours are based on.
    "orphaned": {},
    # Beneath these two, storage is away or fails in a way that nobody expects.
    "away": {},
    "broken": {},
}
_FAILURES: dict[str, Callable[[], Exception]] = {
    "away": lambda: ServiceUnavailable(detail="taken away"),
    "broken": lambda: RuntimeError("nobody expects this"),
}


@contextmanager
def all_deployments(folder: Path, table: Table, document: Document = DOCUMENT) -> Iterator[dict[str, Stage]]:
    """All of them, running, by their names."""
    with ExitStack() as stack:
        apps = stack.enter_context(receivers())
        stages = {}
        for name in DEPLOYMENTS:
            (own := folder / name).mkdir()
            changes = furnished(own, apps, name, document)
            stages[name] = stack.enter_context(stage(own, table, changes, document=document))
            stages[name].failure = _FAILURES.get(name)
        limited = stages["limited"]
        limited.call(limited.deployment.get, PLAIN)
        yield stages


def furnished(folder: Path, apps: Receivers, name: str, document: Document = DOCUMENT) -> dict[str, Any]:
    """The changes to the ordinary configuration that make the deployment `name`, with the keys that it needs."""
    (folder / "enc.jwk").write_text(json.dumps(private_key("RSA").as_dict(private=True)))
    keeper = {
        "name": "keeper",
        "sha256": hashlib.sha256(KEEPER.encode()).hexdigest(),
        "issuers": ["*"],
        "scopes": ["clients:read"],
    }
    common = {
        "server": {"docs": True},
        "management": {"tokens": [*CONFIGURATION["management"]["tokens"], keeper]},
        "delivery": {"allow_networks": ["127.0.0.0/8"]},
        "issuers": {
            "acme": {
                "signing_keys": write_keys(folder, "RS256", "ES256"),
                "decryption_keys": ["enc.jwk"],
                "clients": {
                    "told": {
                        "backchannel_logout_uri": apps.url("told"),
                        "post_logout_redirect_uris": [TOLD_URI],
                    },
                    "framed": {
                        "redirect_uris": ["https://framed.example/callback"],
                        "frontchannel_logout_uri": "https://framed.example/logout",
                    },
                },
            }
        },
    }
    if name == "strict":
        common = merged(common, {"issuers": {"acme": {"dialects": _refusing(document)}}})
    if name == "orphaned":
        common = merged(common, {"issuers": {"acme": {"op_metadata_uri": apps.url("no-metadata")}}})
    return merged(common, DEPLOYMENTS[name])


def _refusing(document: Document) -> dict[str, Any]:
    """Policies with which vendors' endpoints refuse as well; AuthPI's does so by itself."""
    return {
        endpoint.name: {"policy": _REFUSES if takes_hint(document, path) else _REFUSES_STRANGERS}
        for path, endpoint in document.endpoints.items()
        if endpoint.name not in (None, "authpi")
    }
