"""`python -m logout_conformance` is the command `logout-conformance`."""

from .cli import main

main()
