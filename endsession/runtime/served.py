"""Which document is served: ours, with the endpoints of the vendors and of the files that the settings name."""

from __future__ import annotations

from pathlib import Path

from .. import settings as configuration
from ..contract.added_paths import merge, merge_checked, shipped, try_out
from ..contract.document import BadDocument, Document
from ..settings import Problem
from ..settings.problems import did_you_mean

Where = tuple[str | int, ...]


def check_document(document: Document) -> None:
    """What the document says of policies must be what the settings know of them. Raises BadDocument."""
    for path, endpoint in document.endpoints.items():
        if why := configuration.complaint(endpoint):
            raise BadDocument(f"{path}: x-logout: {why}")


def served_document(base: Document, server: configuration.Server, folder: Path, problems: list[Problem]) -> Document:
    """`base` with every endpoint that can be added; `problems` gets what is wrong with the others.

    `folder` is where relative paths start from.
    """
    known, document = shipped(), base
    for index, name in enumerate(server.vendors):
        where = ("server", "vendors", index)
        if name in server.vendors[:index]:
            problems.append(Problem(where, f"{name} is named twice", "leave one"))
        elif name in known:
            document = _with(document, known[name], where, problems)
        elif name in {endpoint.name for endpoint in base.endpoints.values()}:
            problems.append(Problem(where, f"{name} is always served", "leave it out"))
        else:
            fix = did_you_mean(name, known) or f"use some of: {', '.join(known)}"
            problems.append(Problem(where, "there is no such vendor", fix))
    for index, name in enumerate(server.extra_paths):
        document = _with(document, folder / name, ("server", "extra_paths", index), problems, theirs=True)
    return document


def _with(document: Document, file: Path, where: Where, problems: list[Problem], *, theirs: bool = False) -> Document:
    """`theirs` says that an operator wrote the file: the others are known to compile."""
    if not file.is_file():
        problems.append(
            Problem(where, f"there is no file {file}", "correct it; relative paths start at the settings file")
        )
        return document
    merged = document
    try:
        merged = merge_checked(document, file) if theirs else merge(document, file)
        check_document(merged)
        if theirs:
            try_out(document, merged)
    except* BadDocument as group:
        merged = document
        for error in group.exceptions:
            fix = getattr(error, "fix", "") or "correct it; docs/vendors.md describes such a file"
            problems.append(Problem(where, f"{file}: {error}", fix))
    return merged
