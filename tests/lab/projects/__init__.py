"""The folder that Django projects of the lab have on their path: nothing but their package is in it."""
