"""What `logout-conformance` needs for the running demo: `logout-conformance @.demo/contract.args` tests it."""

from __future__ import annotations

from pathlib import Path

from .configuration import COOKIE, TOKEN
from .parties import ISSUER_ID, Parties
from .tokens import SigningKey


def write(folder: Path, everybody: Parties, key: SigningKey) -> None:
    """Write the provider's key and the arguments into `folder`, where the management token stands already."""
    key_file, token_file = folder / "provider.jwk", folder / TOKEN
    key_file.touch(mode=0o600)
    key_file.write_text(key.private)
    arguments = {
        "--issuer": ISSUER_ID,
        "--iss": everybody.issuer,
        "--key": str(key_file),
        "--token-file": str(token_file),
        "--cookie": COOKIE,
        "--client": everybody.calendar.client_id,
        "--redirect-uri": everybody.calendar.post_logout_redirect_uri,
    }
    lines = [everybody.issuer, "--shared-host", *(word for pair in arguments.items() for word in pair)]
    (folder / "contract.args").write_text("\n".join(lines) + "\n")
