"""Measures Moorage from outside: ``python -m bench``. Prints figures, asserts nothing."""
