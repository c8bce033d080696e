"""Settings that are well formed and do not hold together; and many problems at once."""

from __future__ import annotations

import pytest

from .operator import GOOD, Operator

SECOND = """
[issuers.globex]
issuer = "https://op.example/globex"
jwks_uri = "https://op.example/globex/jwks.json"
"""
COOKIE = 'cookie = { name = "op_session" }'


def add(table: str, line: str, settings: str = GOOD) -> str:
    """The settings with a line put below a table's heading."""
    assert table in settings
    return settings.replace(f"{table}\n", f"{table}\n{line}\n")


SERVER, ACME, GLOBEX, WEB = "[server]", "[issuers.acme]", "[issuers.globex]", "[issuers.acme.clients.web]"

CASES = {
    "no issuer": ("[server]\n", "issuers", "there is no issuer.", "add a table [issuers.NAME]"),
    "an issuer's name": (
        GOOD.replace("issuers.acme", 'issuers."a/b"'),
        "issuers.a/b",
        "an issuer's name has 1 to 64 letters, digits or -._~.",
        "rename the table",
    ),
    "a reserved name": (
        GOOD.replace("issuers.acme", "issuers.idp"),
        "issuers.idp",
        "the path /idp belongs to an endpoint of the document.",
        "rename the table",
    ),
    "the same iss twice": (
        GOOD + SECOND.replace('/globex"', '/acme"'),
        "issuers.globex.issuer",
        "acme has the same.",
        "change one of the two",
    ),
    "two defaults": (
        add(ACME, "default = true") + add(GLOBEX, "default = true", SECOND),
        "issuers.globex.default",
        "acme is the default already.",
        "change one of the two",
    ),
    "the same host twice": (
        add(ACME, 'hosts = ["login.example"]') + add(GLOBEX, 'hosts = ["LOGIN.example"]', SECOND),
        "issuers.globex.hosts",
        "acme has the same.",
        "change one of the two",
    ),
    "a browser that is never known to be signed in": (
        add(ACME, 'participants = "all"\npolicy = { require_authenticated_user = true }'),
        "issuers.acme.policy.require_authenticated_user",
        "require_authenticated_user needs the issuer's cookie: without it no browser is ever known to be signed in.",
        'change require_authenticated_user, or set cookie.match = "sid": with participants = all no other cookie can be'
        " matched",
    ),
    "a host with a scheme": (
        add(ACME, 'hosts = ["https://login.example"]'),
        "issuers.acme.hosts.0",
        "it is not a host name.",
        "write login.example, and nothing more",
    ),
    "two sources of keys": (
        add(ACME, "jwks = { keys = [] }"),
        "issuers.acme.jwks",
        "exactly one of jwks_uri, jwks_file and jwks is needed; there is jwks_uri and jwks.",
        "leave one",
    ),
    "no source of keys": (
        GOOD.replace('jwks_uri = "https://op.example/acme/jwks.json"\n', ""),
        "issuers.acme.jwks_uri",
        "exactly one of jwks_uri, jwks_file and jwks is needed; there is none of them.",
        "say where the provider's keys are",
    ),
    "a file that is not there": (
        GOOD.replace('jwks_uri = "https://op.example/acme/jwks.json"', 'jwks_file = "keys/op.json"'),
        "issuers.acme.jwks_file",
        "there is no file FOLDER/keys/op.json.",
        "correct it; relative paths start at the settings file",
    ),
    "an issuer over http": (
        GOOD.replace('https://op.example/acme"', 'http://op.example/acme"'),
        "issuers.acme.issuer",
        "http is for loopback addresses only.",
        "use https",
    ),
    "an issuer that is not a URL": (
        GOOD.replace('https://op.example/acme"', 'op.example/acme"'),
        "issuers.acme.issuer",
        "it is not an absolute https URL.",
        "write it as in https://login.example/acme",
    ),
    "an issuer with a query": (
        GOOD.replace('https://op.example/acme"', 'https://op.example/acme?x=1"'),
        "issuers.acme.issuer",
        "it has a query (?).",
        "leave that out",
    ),
    "an address with a password": (
        GOOD.replace("https://op.example/acme/jwks", "https://me:hush@op.example/jwks"),
        "issuers.acme.jwks_uri",
        "it has a fragment (#) or user information (@).",
        "leave that out",
    ),
    "a public address with a slash": (
        GOOD.replace('login.example"', 'login.example/"'),
        "server.public_url",
        "it ends with a slash.",
        "write https://login.example",
    ),
    "no public address": (
        GOOD.replace('public_url = "https://login.example"', 'host = "0.0.0.0"'),
        "server.public_url",
        "it is missing, and server.host is not a loopback address.",
        'add the URL that browsers use, such as public_url = "https://login.example"',
    ),
    "a proxy that is no address": (
        GOOD.replace('["127.0.0.1"]', '["10.0.0.0/8", "proxy.example"]'),
        "server.trusted_proxies.1",
        "it is neither an address nor a network.",
        "write an address such as 10.0.0.1, or a network such as 10.0.0.0/8",
    ),
    "a proxy that is not named": (
        GOOD.replace('trusted_proxies = ["127.0.0.1"]\n', ""),
        "server.trusted_proxies",
        "it is empty, and TLS ends at a proxy (server.public_url): all users would share that proxy's rate limit.",
        'name the address that the proxy connects from, such as trusted_proxies = ["127.0.0.1"]',
    ),
    "a public address with a header in it": (
        GOOD.replace('login.example"', 'login.example/x\\r\\nSet-Cookie: a=b"'),
        "server.public_url",
        "it is not an absolute https URL.",
        "write it as in https://login.example/acme",
    ),
    "a public address with a directive in it": (
        GOOD.replace('login.example"', 'login.example;sandbox"'),
        "server.public_url",
        "it is not an absolute https URL.",
        "write it as in https://login.example/acme",
    ),
    "a cookie's path with an attribute in it": (
        GOOD.replace(COOKIE, 'cookie = { name = "sid", path = "/; Domain=evil.example" }'),
        "issuers.acme.cookie.path",
        "a semicolon, a space, a control or a non-ASCII character has no place in it.",
        "write it as the provider sets it",
    ),
    "an egress proxy that is not a URL": (
        GOOD + '[delivery]\nproxy = "http://[proxy"\n',
        "delivery.proxy",
        "it is not an http or https URL.",
        "write http://proxy.example:3128",
    ),
    "a shared counter that is not a URL": (
        GOOD + '[limits]\nstorage = "redis://:a-password@redis.example:port"\n',
        "limits.storage",
        "it is not a supported storage.",
        "write memory://, or redis://host:6379 where several nodes share the limits",
    ),
    "a token for nobody": (
        GOOD + f"[[management.tokens]]\nname = 'a'\nsha256 = '{'0' * 64}'\nissuers = ['acem']\nscopes = []\n",
        "management.tokens.0.issuers",
        "there is no issuer acem.",
        "use one of: acme, *",
    ),
    "an endpoint that is not there": (
        add(ACME, "dialects.pingfed.policy = { prompt = 'always' }"),
        "issuers.acme.dialects.pingfed",
        "no endpoint has this name.",
        "use one of: authpi, pingfederate; server.vendors adds those of other vendors",
    ),
    "an announcement of nothing": (
        add(ACME, 'announce = "pingfed"'),
        "issuers.acme.announce",
        "no endpoint has this name.",
        "use end-session or one of: authpi, pingfederate; server.vendors adds those of other vendors",
    ),
    "an announcement that leads to no issuer": (
        add(ACME, 'announce = "pingfederate"'),
        "issuers.acme.announce",
        "pingfederate has no issuer in its path, and at login.example it is not this issuer's.",
        "set default = true, or add login.example to hosts, or announce another endpoint",
    ),
    "an announcement that leads to another issuer": (
        add(ACME, 'announce = "pingfederate"\ndefault = true') + add(GLOBEX, 'hosts = ["Login.example"]', SECOND),
        "issuers.acme.announce",
        "pingfederate has no issuer in its path, and at login.example it is not this issuer's.",
        "set default = true, or add login.example to hosts, or announce another endpoint",
    ),
    "our own metadata as the provider's": (
        add(ACME, 'op_metadata_uri = "https://login.example/acme/.well-known/openid-configuration"'),
        "issuers.acme.op_metadata_uri",
        "it is the URL of our own metadata.",
        "name a URL at which the provider itself can be reached",
    ),
    "the provider's metadata over http": (
        add(ACME, 'op_metadata_uri = "http://op.example/.well-known/openid-configuration"'),
        "issuers.acme.op_metadata_uri",
        "http is for loopback addresses only.",
        "use https",
    ),
    "a cookie that browsers drop": (
        GOOD.replace(COOKIE, 'cookie = { name = "a", same_site = "none", secure = false }'),
        "issuers.acme.cookie.secure",
        "browsers drop a SameSite=None or Partitioned cookie that is not Secure.",
        "set it to true, as the provider does",
    ),
    "a __Secure- cookie that is not": (
        GOOD.replace(COOKIE, 'cookie = { name = "__Secure-a", secure = false }'),
        "issuers.acme.cookie.secure",
        "browsers drop a cookie of this name that is not Secure.",
        "set it to true",
    ),
    "a __Host- cookie with a path": (
        GOOD.replace(COOKIE, 'cookie = { name = "__Host-a", path = "/op" }'),
        "issuers.acme.cookie.path",
        "browsers drop a __Host- cookie that has a domain, or another path than /.",
        "leave it out",
    ),
    "a client_id of its own": (
        add(WEB, 'client_id = "app"'),
        "issuers.acme.clients.web.client_id",
        "it differs from the table's name, which is the client_id.",
        "leave it out",
    ),
    "a registration that may not be": (
        add(WEB, 'backchannel_logout_uri = "https://app.example/#x"'),
        "issuers.acme.clients.web.backchannel_logout_uri",
        "it has a fragment.",
        "correct it; docs/settings.md describes issuers.ID.clients.CLIENT_ID.backchannel_logout_uri",
    ),
    "a storage that is not known": (
        GOOD + "[storage]\nurl = 'mysql://localhost/x'\n",
        "storage.url",
        "it is not a supported storage.",
        "write sqlite:///endsession.db, or postgresql://user@host/database",
    ),
    "a knob against another": (
        add(ACME, "policy = { encrypted_hint = 'require_client_id', client_id_param = 'ignore' }"),
        "issuers.acme.policy.client_id_param",
        "encrypted_hint = require_client_id needs client_id, but client_id_param = ignore.",
        "change encrypted_hint or client_id_param",
    ),
    "a knob against the preset": (
        add(ACME, "preset = 'strict'\npolicy = { on_no_params = 'prompt' }"),
        "issuers.acme.policy.on_no_params",
        "id_token_hint = required refuses what on_no_params = prompt would answer.",
        "change id_token_hint or on_no_params (the preset strict sets id_token_hint)",
    ),
    "a vendor's knob against its preset": (
        add(ACME, "dialects.authpi.policy = { id_token_hint = 'required', on_stale_sid = 'prompt' }"),
        "issuers.acme.dialects.authpi.policy.on_stale_sid",
        "prompt = never forbids the question that on_stale_sid = prompt asks for.",
        "change prompt or on_stale_sid (the preset authpi sets prompt)",
    ),
    "a knob that needs a cookie": (
        GOOD.replace(COOKIE, "policy = { require_authenticated_user = true }"),
        "issuers.acme.policy.require_authenticated_user",
        "require_authenticated_user needs the issuer's cookie: without it no browser is ever known to be signed in.",
        "change require_authenticated_user",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_hold_together(operator: Operator, case: str) -> None:
    """The setting, what is wrong with it in the light of the others, and a fix that says what to do."""
    text, name, message, fix = CASES[case]
    operator.write(text)
    head, told_message, told_fix = operator.told_once()
    assert f": {name}" in head
    assert (told_message, told_fix) == (message, fix)
