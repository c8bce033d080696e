"""All fuzzing of the gateway: of its hints, which an attacker writes freely, and of every operation of the document.

Hints (docs/fuzzing.md):
    hints.py            the catalogue: good hints, and every kind of bad one with the check that has to refuse it
    coverage_guided.py  atheris, guided by the coverage of the tokens room, from the catalogue on (`make fuzz`)
    properties.py       Hypothesis, seed after seed; it also holds both to their limits of time and memory

The document, with schemathesis (docs/contract-coverage.md; the tests are tests/contract/test_fuzz.py):
    targets.py          a target is a running deployment; some answers can be had from some targets only
    fixtures.py         real things of a target that requests can hold: sessions, cookies, handles, clients, deliveries
    inputs.py           the fields of each operation's requests, and which fixture can stand in which field
    mutations.py        alterations against the document: a wrong method, host, media type, size or value
    scenarios.py        for each documented status of each operation, requests that have to be answered with it
    explore.py, links.py, reach.py    the three steps of a run: anything, the document's links, every scenario
    contract.py         the whole run, or the scenarios of some paths: `python -m tests.fuzzing.contract [PATH...]`

A case is a request that schemathesis has generated. A scenario says which fixtures are put into its fields, which
mutation is applied to it, and which target it is sent to; whatever else a case holds stays as it was generated.
A new status in the document has a scenario by itself if it is one that every operation has; else it needs one in
scenarios.py. A new kind of bad hint is an entry in hints.py, and is sent to every endpoint that takes hints.
"""
