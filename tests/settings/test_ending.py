"""The settings of a provider ending: every contradiction is found when they are read."""

from __future__ import annotations

import pytest
import yaml

from endsession.settings.ending import PROVIDERS

from .operator import GOOD, Operator

KEYCLOAK = """
[issuers.acme.ending]
provider = "keycloak"
url = "https://op.internal"
values = { realm = "acme" }
client_id = "endsession"
client_secret = "hush-this-must-never-be-shown"
"""
HYDRA = '[issuers.acme.ending]\nprovider = "hydra"\nurl = "https://op.internal:4445"\n'
AUTHENTIK = '[issuers.acme.ending]\nprovider = "authentik"\nurl = "https://op.internal"\ntoken = "t"\n'
ZITADEL = KEYCLOAK.replace("keycloak", "zitadel").replace('values = { realm = "acme" }\n', "")
ALL = 'participants = "all"\nid_tokens_have_sid = false\n'


@pytest.mark.parametrize("text", [KEYCLOAK, HYDRA, ZITADEL, AUTHENTIK + 'scope = "user"', HYDRA + 'scope = "user"'])
def test_what_holds_together(operator: Operator, text: str) -> None:
    """One of each kind."""
    operator.write(GOOD + text)
    assert operator.start().issuers["acme"].ending is not None


def test_secrets_come_from_where_secrets_are(operator: Operator) -> None:
    """The secrets folder and the environment, values included; and no representation shows them."""
    operator.write(GOOD)
    operator.keep_secret({"ENDSESSION_ISSUERS__ACME__ENDING__CLIENT_SECRET": "hush-this-must-never-be-shown"})
    operator.export(
        ISSUERS__ACME__ENDING__PROVIDER="keycloak",
        ISSUERS__ACME__ENDING__URL="https://op.internal",
        ISSUERS__ACME__ENDING__VALUES__REALM="acme",
        ISSUERS__ACME__ENDING__CLIENT_ID="endsession",
    )
    ending = operator.start().issuers["acme"].ending
    assert ending is not None
    assert ending.values == {"realm": "acme"}
    assert ending.client_secret is not None
    assert ending.client_secret.get_secret_value() == "hush-this-must-never-be-shown"
    assert "hush" not in repr(ending)


def test_a_file_of_the_operators_own(operator: Operator) -> None:
    """Relative to the settings file; it is held to the same rules as those that are shipped."""
    own = yaml.safe_load((PROVIDERS / "hydra.yaml").read_text())
    (operator.folder / "my-op.yaml").write_text(yaml.safe_dump(own))
    text = HYDRA.replace('provider = "hydra"', 'provider_file = "my-op.yaml"')
    operator.write(GOOD + text)
    operator.start()
    for content, message in [
        (None, "it cannot be read: No such file or directory"),
        ("[", "it is not YAML: while parsing a flow node"),
        ("- x", "Input should be a valid dictionary or instance of ProviderApi"),
        (yaml.safe_dump({**own, "remark": ""}), "its remark has to be: written from the documentation, not run"),
        (yaml.safe_dump({**own, "rum": True}), "rum: Extra inputs are not permitted"),
    ]:
        file = operator.folder / "my-op.yaml"
        file.unlink() if content is None else file.write_text(content)
        head, found, fix = operator.told_once()
        assert head.endswith("ending.provider_file (ENDSESSION_ISSUERS__ACME__ENDING__PROVIDER_FILE)")
        assert found == f"my-op.yaml: {message}."
        assert fix == "correct it; docs/provider-endings.md describes such a file"


CASES = {
    "no provider": (
        HYDRA.replace('provider = "hydra"\n', ""),
        "provider",
        "exactly one of provider and provider_file is needed; there is neither of them.",
        "name one of authentik, dex, hydra, keycloak, zitadel, or a file of your own",
    ),
    "two providers": (
        HYDRA + 'provider_file = "x.yaml"',
        "provider",
        "exactly one of provider and provider_file is needed; there is both of them.",
        "leave one",
    ),
    "a typo": (HYDRA.replace("hydra", "hidra"), "provider", "there is no such provider.", "did you mean hydra?"),
    "a provider that cannot be asked": (
        HYDRA.replace("hydra", "dex"),
        "provider",
        "Dex cannot be asked to end a session: its API is gRPC alone, which this service does not speak, and over HTTP"
        " Dex ends no session.",
        "take the table out, knowing that the provider's session goes on after a logout here",
    ),
    "all sessions, not meant": (
        AUTHENTIK,
        "scope",
        "authentik ends all sessions of a user, and cannot end a single one.",
        'write scope = "user" if each logout may end all of them, or take the table out',
    ),
    "all sessions, not to be had": (
        ZITADEL + 'scope = "user"',
        "scope",
        "Zitadel ends a single session, and has no call that ends all of a user.",
        'write scope = "session"',
    ),
    "no session has a sid": (
        ALL + HYDRA,
        "scope",
        "no session of this issuer has a sid that the provider knows (participants = all, id_tokens_have_sid = false).",
        'let the provider put sid into its ID tokens, or write scope = "user"',
    ),
    "a value is missing": (
        KEYCLOAK.replace('realm = "acme"', ""),
        "values",
        "realm is missing: The name of the realm, as it stands in URLs.",
        'write values = { realm = "..." }',
    ),
    "a value that nobody takes": (
        KEYCLOAK.replace('realm = "acme"', 'realm = "acme", relam = "x"'),
        "values.relam",
        "Keycloak takes no such value.",
        "did you mean realm?",
    ),
    "a value that leads elsewhere": (
        KEYCLOAK.replace('realm = "acme"', 'realm = "acme/../master"'),
        "values.realm",
        "it has a character that divides paths.",
        "write it as it stands in the provider's URLs",
    ),
    "no credentials": (
        KEYCLOAK.partition("client_id")[0],
        "client_id",
        "there are no credentials.",
        "it takes client_id and client_secret or token",
    ),
    "no token": (
        AUTHENTIK.replace('token = "t"', 'scope = "user"'),
        "token",
        "there are no credentials.",
        "it takes token",
    ),
    "credentials of another kind": (
        HYDRA + 'client_id = "x"\nclient_secret = "y"',
        "client_id",
        "Ory Hydra does not take such credentials.",
        "it takes none of them or token",
    ),
    "half of the credentials": (
        KEYCLOAK.replace('client_secret = "hush-this-must-never-be-shown"', ""),
        "client_secret",
        "it is missing, and the other one is there.",
        "set both, or neither",
    ),
    "the other half": (
        KEYCLOAK.replace('client_id = "endsession"', ""),
        "client_id",
        "it is missing, and the other one is there.",
        "set both, or neither",
    ),
    "both kinds": (
        KEYCLOAK + 'token = "hush-this-must-never-be-shown"',
        "token",
        "there is client_id or client_secret as well.",
        "leave one of the two",
    ),
    "a token that no header carries": (
        HYDRA + 'token = "hush-this-must-never-be-shown\\n"',
        "token",
        "it is empty, or has a character that no header can carry.",
        "copy it again, without a line break or a prefix",
    ),
    "an admin API over http": (
        HYDRA.replace("https:", "http:"),
        "url",
        "http is for loopback addresses only.",
        "use https",
    ),
    "a URL with a query": (
        HYDRA.replace(":4445", "/?x=1"),
        "url",
        "it has a query (?).",
        "leave that out",
    ),
    "no URL": (HYDRA.partition("url")[0], "url", "it is missing.", "add url"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_hold_together(operator: Operator, case: str) -> None:
    """Where it stands, what is wrong, and the fix; never a secret."""
    text, setting, message, fix = CASES[case]
    base = GOOD.replace("[issuers.acme]\n", f"[issuers.acme]\n{ALL}") if text.startswith(ALL) else GOOD
    operator.write(base + text.removeprefix(ALL))
    told = operator.told().split("\n")
    assert told[0].split(": ")[1].split(" (")[0] == f"issuers.acme.ending.{setting}"
    assert told[1:3] == [f"    {message}", f"    Fix: {fix}"]
    assert "hush" not in "\n".join(told)
    assert len(told) == 3
