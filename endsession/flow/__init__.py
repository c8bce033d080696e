"""The steps of a logout request, one module each, in the order of `handlers/logout.py`.

A step turns what the step before it found into what the next one needs. What is decided is decided in `protocol`,
what is kept is kept by `store`, and who is told is told by `delivery`: this room joins them to a browser's request.

receive: the request in the standard's terms, and what its hint is worth. find: which sessions it is about.
evaluate: from a request to a decision, for a logout and for its explanation. park, ask: through the browser and back.
answer, frames, status, result: what the browser gets.
"""
