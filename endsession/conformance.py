"""The command `endsession contract`: runs `logout-conformance`, a distribution of its own, where that is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

NAME = "contract"


def add_to(commands: Any) -> None:
    """List the command in the help of `endsession`."""
    commands.add_parser(NAME, add_help=False, help="test a deployment against its contract (logout-conformance)")


def contract(arguments: Sequence[str]) -> NoReturn:
    """Run `logout-conformance` with these arguments, and exit with its status; with 2 where it is not installed."""
    try:
        from logout_conformance.cli import main  # noqa: PLC0415  # optional
    except ModuleNotFoundError as error:
        print(
            f"endsession contract: {error.name} is not installed. Install logout-conformance: "
            "pip install logout-conformance, or in a checkout pip install ./conformance",
            file=sys.stderr,
        )
        sys.exit(2)
    main(arguments, program="endsession contract")
