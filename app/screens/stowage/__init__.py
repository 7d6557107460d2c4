"""Stowage: what each instance holds, a bar of blocks for each."""
