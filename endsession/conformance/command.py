"""The command `endsession contract`. What it needs beyond the gateway's own libraries comes with an extra."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from typing import Any

NEEDED = ("schemathesis", "joserfc")


def add_to(commands: Any) -> None:
    """Add the command to the parser of `endsession`."""
    about = "test a deployment against the contract, from outside"
    parser = commands.add_parser(
        "contract",
        help=about,
        description=f"{about[0].upper()}{about[1:]}. "
        "Only the address is needed; an option for a party of the test opens the deep cases. @FILE reads arguments "
        "from a file, one a line. The exit status is 0 when nothing is broken, 1 when something is, 2 when the run "
        "could not begin.",
        fromfile_prefix_chars="@",
    )
    parser.set_defaults(command=_contract, log_level="warning")
    if not missing():
        from .options import add_arguments  # noqa: PLC0415  # comes with the extra

        add_arguments(parser)
    else:
        parser.add_argument("rest", nargs=argparse.REMAINDER, help="the address and the options")


def missing() -> list[str]:
    """The libraries that are not installed."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def _contract(given: argparse.Namespace) -> None:
    if names := missing():
        sys.exit(_told(f"endsession contract needs {' and '.join(names)}: pip install 'endsession[contract]'"))
    from . import har, junit, report  # noqa: PLC0415  # these and what they need come with the extra
    from .options import BadOptions, read  # noqa: PLC0415
    from .run import run  # noqa: PLC0415
    from .wire import Unreachable  # noqa: PLC0415

    try:
        options = read(given)
        for file in filter(None, (options.junit, options.har)):
            file.touch()
        result = run(options, lambda line: print(line, file=sys.stderr, flush=True))
        if options.junit:
            junit.write(result, options.junit)
        if options.har:
            har.write(result, options.har)
    except (BadOptions, Unreachable) as error:
        sys.exit(_told(f"endsession contract: {error}"))
    except OSError as error:
        sys.exit(
            _told(f"endsession contract: {error.filename} cannot be written: {error.strerror}. Choose another file.")
        )
    print(report.text(result))
    sys.exit(1 if result.broken else 0)


def _told(text: str) -> int:
    print(text, file=sys.stderr)
    return 2
