"""`python -m endsession` is the command `endsession`."""

from .cli import main

main()
