"""What the provider (OP) publishes about itself: fetched when it is needed, checked, and cached.

Its keys are verified with elsewhere (`tokens`); sending anything to apps or to the provider is `delivery`.
"""
