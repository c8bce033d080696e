"""docs/provider-endings.md says what the descriptions say, and its examples can be used as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from endsession.protocol.provider_api import NOT_RUN, ProviderApi
from endsession.settings.ending import read_description, shipped

from .operator import GOOD, Operator

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "provider-endings.md").read_text()
ROWS = {
    cells[0].strip("`"): cells[1:] for cells in re.findall(r"(?m)^\| (`\w+`) \|(.*)\|(.*)\|(.*)\|(.*)\|(.*)\|$", PAGE)
}
CREDENTIALS = {"client_credentials": "`client_id` and `client_secret`", "bearer": "`token`", "none": "none"}


def blocks(language: str) -> list[str]:
    """The examples of a language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", PAGE)


@pytest.mark.parametrize("provider", shipped())
def test_the_table_says_what_the_descriptions_say(provider: str) -> None:
    """Scopes, identifiers, values, credentials, and that it was not run."""
    api = read_description(shipped()[provider])
    ways = {scope: way for scope, way in (("session", api.session), ("user", api.user)) if way is not None}
    expected = [
        ", ".join(f"`{scope}`" for scope in ways) or "none",
        ", ".join(f"`{way.identified_by}`" for way in ways.values()),
        ", ".join(f"`{name}`" for name in api.values),
        ", ".join(CREDENTIALS[kind] for kind in api.credentials),
        "yes" if api.run else "no",
    ]
    assert [cell.strip() for cell in ROWS[provider]] == expected
    assert NOT_RUN in PAGE
    assert f"* **{provider.capitalize() if provider != 'authentik' else provider}**" in PAGE


def test_the_settings_of_the_page_hold_together(operator: Operator) -> None:
    """With the secret from where the page says."""
    (text,) = blocks("toml")
    operator.write(GOOD + text)
    operator.export(ISSUERS__ACME__ENDING__CLIENT_SECRET="s")
    assert operator.start().issuers["acme"].ending is not None


def test_the_description_of_the_page_can_be_used(operator: Operator) -> None:
    """As a file of the operator's own."""
    (text,) = blocks("yaml")
    (operator.folder / "my-op.yaml").write_text(text)
    table = 'provider_file = "my-op.yaml"\nurl = "https://op.internal"\ntoken = "t"\nvalues = { tenant = "acme" }\n'
    operator.write(f"{GOOD}[issuers.acme.ending]\n{table}")
    assert operator.start().issuers["acme"].ending is not None


def test_every_member_is_described() -> None:
    """Those that every description has without saying more (name, documentation, rights) stand in the example."""
    described = "\n".join(line for line in PAGE.splitlines() if line.startswith("|")) + blocks("yaml")[0]
    for member in [*ProviderApi.model_fields, "path", "query", "json", "pattern", "otherwise", "tells_unknown"]:
        assert re.search(rf"\b{member}\b", described), member
