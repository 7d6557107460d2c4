"""``moorage deploy``: from source to running tasks in one call."""
