"""What a logout request means, as pure functions over plain values.

Nothing here reads a clock, a database or the network, and nothing here imports another room. The same inputs give the
same decision everywhere: for a logout, for its explanation, and in a table of a test.
"""
