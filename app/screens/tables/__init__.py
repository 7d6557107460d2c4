"""How tables are sorted, filtered and arranged, and the dialog for it."""
