"""What each operation of the contract does: one module per tag, one function per operation.

An operation is found by its tag and operationId: `confirmLogout`, tagged `logout`, is `logout.confirm_logout`. Every
path that carries `x-logout` is served by `logout.end_session`.
"""
