"""All fuzzing of the gateway: of its hints, which an attacker writes freely, and of every operation of the document.

Hints:
    hints.py            the catalogue: good hints, and every kind of bad one with the check that has to refuse it
    coverage_guided.py  atheris, guided by the coverage of the tokens room, starting from the catalogue (`make fuzz`)
    properties.py       Hypothesis, seed after seed; watch.py holds both to their limits of time and memory

The document, with schemathesis (`tests/contract/test_fuzz.py`, docs/contract-coverage.md):
    targets.py          a target is a running deployment; some answers can be had from some targets only
    fixtures.py         real things of a target that requests can hold: sessions, cookies, handles, clients, deliveries
    inputs.py           the fields of each operation's requests, and which fixture can stand in which field
    mutations.py        alterations against the document: a wrong method, host, media type, size or value
    scenarios.py        for each documented status of each operation, requests that have to be answered with it
    contract.py         the run: `explore` (anything), `follow_links` (links.py), `reach` (every scenario)

A case is a request that schemathesis has generated. A scenario says which fixtures are put into its fields, which
mutation is applied to it, and which target it is sent to; whatever else a case holds stays as it was generated.
A new status in the document has a scenario by itself if it is one that every operation has; else it needs one in
scenarios.py. A new kind of bad hint is an entry in hints.py, and is sent to every endpoint that takes hints.

    python -m tests.fuzzing           the whole run, about two minutes
    python -m tests.fuzzing PATH...   the scenarios of these paths only; --status 401 for those of one status
"""
