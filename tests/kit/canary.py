"""For tests of what has no promise: they say in words what an upgrade took away, and who has to follow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version


@contextmanager
def relied_on(library: str, part: str, user: str) -> Iterator[None]:
    """An error inside means that `part` of `library` is not what `user`, a file, takes it for.

    It becomes an AssertionError with a sentence for the person who moves the pin.
    """
    try:
        yield
    except Exception as error:
        why = f"{type(error).__name__}: {error}".partition("\n")[0]
        raise AssertionError(
            f"{library} {version(library)} has changed. Expected: {part}. Found: {why}. "
            f"It is private, and {user} relies on it: change that file first. See docs/dependencies.md."
        ) from error
