"""Storage that is gone, slow, silent or full under a running gateway: what a user sees, what is lost, how it recovers.

`scenarios.py` has one scenario per fault. The tests hold what each promises; `python -m tests.outages` runs the same
ones, measures, and writes the table of `docs/reliability.md`.
"""
