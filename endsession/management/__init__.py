"""Who may use the management operations: bearer tokens, their scopes and issuers, and what becomes of wrong ones.

The operations themselves are in `handlers`, by tag. connexion calls this by way of `contract/security.py`.
"""
