"""The command `logout-conformance`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from .options import BadOptions, parse
from .pace import Clock, SystemClock
from .reporting import har, junit, text
from .run import run
from .transport import Unreachable


def main(
    arguments: Sequence[str] | None = None, program: str = "logout-conformance", clock: Clock | None = None
) -> NoReturn:
    """Test a deployment and print a report. Exits with 0 if all passed, 1 if a check failed, 2 if it could not start.

    `program` is the name of the command that the user called, for messages.
    """
    try:
        sys.exit(_main(sys.argv[1:] if arguments is None else arguments, program, clock or SystemClock()))
    except (BadOptions, Unreachable) as error:
        print(f"{program}: {error}", file=sys.stderr)
    except OSError as error:
        print(f"{program}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(2)


def _main(arguments: Sequence[str], program: str, clock: Clock) -> int:
    options = parse(arguments, program)
    for file in filter(None, (options.junit, options.har)):
        _check_writable(file)
    result = run(options, lambda line: print(line, file=sys.stderr, flush=True), clock)
    if options.junit:
        junit.write(result, options.junit)
    if options.har:
        har.write(result, options.har)
    print(text.render(result))
    return 1 if result.failed else 0


def _check_writable(file: Path) -> None:
    """Raises BadOptions before the run, rather than losing its report afterwards."""
    try:
        file.touch()
    except OSError as error:
        raise BadOptions(f"{file} cannot be written: {error.strerror}. Choose another file.") from None
