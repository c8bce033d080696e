"""Sessions, who takes part in them, how they ended, and what was told to whom. The only room with SQL.

A transaction is a *script*: a generator that yields statements and is sent their rows (`script.py`). Scripts know the
tables and the rules; a `Database` knows how to run a script so that its effects are durable when it returns. Both
backends run the same scripts, and one conformance suite holds them to the same results.
"""
