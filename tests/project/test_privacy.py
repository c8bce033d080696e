"""`docs/privacy.md`: it speaks of every table, and what it says to erase a person leaves nothing of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from endsession.store.script import Script, Statement
from tests.kit.deployment import TOKEN, Deployment, cookie_of, deploy
from tests.kit.flow import JSON, PLAIN
from tests.kit.serving import ROOT
from tests.kit.tokens import id_token

PAGE = (ROOT / "docs" / "privacy.md").read_text()
(ERASE,) = re.findall(r"(?ms)^```sql\n(.*?)^```", PAGE)
MIGRATIONS = sorted((ROOT / "endsession" / "store" / "migrations").glob("*.sql"))
TABLES = sorted({name for file in MIGRATIONS for name in re.findall(r"CREATE TABLE (\w+)", file.read_text())})


def test_the_page_speaks_of_every_table() -> None:
    """What is not on the page would be kept without anybody knowing."""
    rows = [row for row in PAGE.splitlines() if row.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert TABLES
    assert set(TABLES) - named == set()


async def everything(gateway: Deployment) -> str:
    """All rows of all tables."""
    rows = [await gateway.rows(f"SELECT * FROM {table}") for table in TABLES]
    return repr(rows)


@pytest.mark.usefixtures("backend")
async def test_a_person_is_erased(tmp_path: Path) -> None:
    """Her sessions end first; then nothing has her subject or her sid, and the other user's session is as it was."""
    async with deploy(tmp_path) as gateway:
        people = (("s-1-of-carol", "carol"), ("s-2-of-carol", "carol"), ("s-of-bob", "bob"))
        for sid, sub in people:
            clients = [{"client_id": "web"}, {"client_id": "other"}]
            assert (await gateway.register(sid, sub=sub, clients=clients)).status_code == 201
        hint = {"id_token_hint": id_token(sub="carol", sid="s-1-of-carol")}
        await gateway.get(PLAIN, hint, cookie=cookie_of("s-1-of-carol"), accept=JSON)
        await gateway.send("DELETE", "/acme/sessions", params={"sub": "carol"}, token=TOKEN)
        assert "of-carol" in await everything(gateway)

        def erase() -> Script[None]:
            for statement in filter(str.strip, ERASE.split(";")):
                yield Statement(statement, {"issuer": "acme", "sub": "carol"})

        await gateway.gateway.store.write(erase())
        left = await everything(gateway)
        assert "carol" not in left
        assert "s-of-bob" in left
        assert await gateway.rows("SELECT count(*) FROM audit WHERE event = 'session_ended'") == [(2,)]
        assert await gateway.state_of("s-of-bob") == "live"
