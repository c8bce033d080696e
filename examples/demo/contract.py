"""What `logout-conformance` needs for the running demo: `logout-conformance @.demo/contract.args` tests it."""

from __future__ import annotations

from pathlib import Path

from .configuration import CALLS_COOKIE, KEYS, TOKEN
from .parties import CALLS_ID, Parties
from .tokens import SigningKey


def write(folder: Path, everybody: Parties, key: SigningKey) -> None:
    """Write the provider's key and the arguments into `folder`, where the management token stands already."""
    key_file, token_file = folder / "provider.jwk", folder / TOKEN
    key_file.touch(mode=0o600)
    key_file.write_text(key.private)
    (folder / KEYS).write_text(key.public_set)
    arguments = {
        "--issuer": CALLS_ID,
        "--iss": everybody.calls,
        "--key": str(key_file),
        "--token-file": str(token_file),
        "--cookie": CALLS_COOKIE,
        "--skip": "/idp/init_logout.openid",  # it is for the issuer with the front, as the default one
        "--client": everybody.calendar.client_id,
        "--redirect-uri": everybody.calendar.post_logout_redirect_uri,
    }
    lines = [everybody.issuer, "--shared-host", *(word for pair in arguments.items() for word in pair)]
    (folder / "contract.args").write_text("\n".join(lines) + "\n")
