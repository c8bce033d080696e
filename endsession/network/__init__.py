"""How this gateway reaches others: names are looked up within bounds, and connections go to what was looked up.

Where it may connect to is for those who use it: `delivery` for apps, `provider` for the provider.
"""
