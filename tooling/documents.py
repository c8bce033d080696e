"""Write what can be served into a folder, for linters: our document, and it with fronts or a vendor's endpoints.

python -m tooling.documents FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from endsession.contract.added_paths import merge, shipped
from endsession.contract.document import Document, load_document
from endsession.front.document import with_fronts
from endsession.front.endpoints import Endpoint

PUBLIC_URL = "https://login.example"
FRONTED = {
    "discovery": "/.well-known/openid-configuration",
    "jwks": "/certs",
    "authorization": "/authorize",
    "token": "/token",
    "par": "/par",
    "logout": "/bye",
    "introspection": "/introspect",
    "userinfo": "/userinfo",
    "revocation": "/revoke",
    "redirect": "/ui/login/",
}
"""A path for each kind of fronted endpoint."""


def fronted_document(document: Document) -> Document:
    """The document of a gateway with two fronts: on the gateway's own host, and on another one."""
    hosts = {"acme": "login.example", "globex": "op.globex.example"}
    endpoints = [
        Endpoint(issuer_id, kind, "https", host, path if issuer_id == "acme" else f"/op{path}")  # type: ignore[arg-type]
        for issuer_id, host in hosts.items()
        for kind, path in FRONTED.items()
    ]
    return with_fronts(document, endpoints, PUBLIC_URL)


def write(folder: Path) -> list[Path]:
    """One file per document; returns them."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = load_document()
    vendors = {f"idp-{name}": merge(plain, file) for name, file in shipped().items()}
    documents = {"idp": plain, "idp-front": fronted_document(plain), **vendors}
    files = []
    for name, document in documents.items():
        (file := folder / f"{name}.yaml").write_bytes(document.as_yaml)
        files.append(file)
    return files


if __name__ == "__main__":
    print(*write(Path(sys.argv[1])))
