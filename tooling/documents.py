"""Write what can be served into a folder, for linters: our document, and it with each vendor's endpoints.

python -m tooling.documents FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from endsession.contract.added_paths import merge, shipped
from endsession.contract.document import load_document


def write(folder: Path) -> list[Path]:
    """One file per document; returns them."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = load_document()
    documents = {"idp": plain, **{f"idp-{name}": merge(plain, file) for name, file in shipped().items()}}
    files = []
    for name, document in documents.items():
        (file := folder / f"{name}.yaml").write_bytes(document.as_yaml)
        files.append(file)
    return files


if __name__ == "__main__":
    print(*write(Path(sys.argv[1])))
