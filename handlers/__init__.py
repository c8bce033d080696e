"""What each operation of the contract does: one module per tag, one function per operation, and nothing else.

An operation is found by its tag and operationId: `confirmLogout`, tagged `logout`, is `logout.confirm_logout`. Every
path that carries `x-logout` is served by `logout.end_session`. What several operations share is `endsession.flow`.
"""
