"""`endsession check` and a provider ending: credentials are tried, nothing is ended, and the ledger is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from endsession import settings as configuration
from endsession.network.lookup import Lookups
from endsession.provider.fetch import Fetcher
from endsession.runtime.check import look_around
from endsession.store.script import Database, Script, Statement
from tests.kit.admin_api import AdminApi, admin_api
from tests.kit.ports import free_port
from tests.kit.tokens import jwks


@pytest.fixture
def api() -> Iterator[AdminApi]:
    """The admin APIs."""
    with admin_api() as running:
        running.sessions["s"] = "alice"
        yield running


async def found(folder: Path, ending: dict[str, Any], storage: str = "sqlite:///e.db") -> list[tuple[str, bool, str]]:
    """The findings about an issuer whose provider is asked like this: where, whether certain, and what."""
    settings = configuration.Settings.model_validate(
        {
            "storage": {"url": storage},
            "delivery": {"allow_networks": ["127.0.0.0/8"]},
            "issuers": {"acme": {"issuer": "https://op.example", "jwks": jwks("RS256"), "ending": ending}},
        }
    )
    fetcher = Fetcher(Lookups(), timeout=2)
    try:
        findings = [finding async for finding in look_around(settings, "https://login.example", folder, fetcher.get)]
    finally:
        await fetcher.close()
    return [
        (".".join(map(str, finding.problem.location[2:])), finding.certain, finding.problem.message)
        for finding in findings
    ]


def ending(api: AdminApi, provider: str = "keycloak", **changes: Any) -> dict[str, Any]:
    """The table of settings."""
    return dict(api.ending(provider, **changes)["issuers"]["acme"]["ending"])


async def test_credentials_that_are_good(tmp_path: Path, api: AdminApi) -> None:
    """An access token was asked for, and nothing else; where there is no token endpoint, nothing is asked."""
    assert await found(tmp_path, ending(api)) == []
    assert api.issued == 1
    assert await found(tmp_path, ending(api, "hydra")) == []
    assert await found(tmp_path, ending(api, "authentik")) == []
    assert (api.issued, api.seen, api.sessions) == (1, [], {"s": "alice"})


async def test_credentials_that_are_wrong(tmp_path: Path, api: AdminApi) -> None:
    """A mistake, which makes the command fail; the secret is not repeated."""
    ((where, certain, message),) = await found(tmp_path, ending(api, client_secret="an-admin-secret-of-before"))
    assert (where, certain) == ("ending.client_secret", True)
    assert message == "the token endpoint answered 401 (invalid_client)"
    ((_, certain, message),) = await found(tmp_path, ending(api, values={"realm": "acne"}))
    assert (certain, message) == (True, "the token endpoint answered 404")


async def test_a_provider_that_is_out_of_reach_from_here(tmp_path: Path, api: AdminApi) -> None:
    """Nothing is known to be wrong."""
    ((where, certain, _),) = await found(tmp_path, ending(api, url=f"http://127.0.0.1:{free_port()}"))
    assert (where, certain) == ("ending.client_secret", False)


async def test_an_address_that_is_refused_is_told_before_anything_is_sent(tmp_path: Path, api: AdminApi) -> None:
    """By the rules of deliveries (T13)."""
    ((where, certain, message),) = await found(tmp_path, ending(api, url="https://10.1.2.3"))
    assert (where, certain) == ("ending.url", True)
    assert "10.1.2.3 is a private or special address" in message


async def test_a_provider_that_never_knew_a_session(
    storage_url: str, tmp_path: Path, store: Database, api: AdminApi
) -> None:
    """Ten calls that all found nothing are no sign of a logout that works: its sids may be others."""

    def settled(count: int, reason: str) -> Script[None]:
        for number in range(count):
            yield Statement(
                "INSERT INTO deliveries (issuer_id, id, sid, client_id, rp_sid, sub, channel, state, created_at,"
                " deadline, due_at, reason)"
                " VALUES ('acme', :id, 's', '', '', 'alice', 'op_admin', 'delivered', 0, 0, 0, :reason)",
                {"id": f"{reason}{number}", "reason": reason},
            )

    table = ending(api, "hydra")
    await store.write(settled(9, "already gone: x"))
    assert await found(tmp_path, table, storage_url) == []
    await store.write(settled(1, "already gone: y"))
    ((where, certain, message),) = await found(tmp_path, table, storage_url)
    assert (where, certain) == ("ending", False)
    assert message == "the provider knew none of the 10 sessions that it was asked to end, so all may live on there"
    await store.write(settled(1, "delivered"))
    assert await found(tmp_path, table, storage_url) == []
