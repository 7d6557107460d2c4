"""Engines over SSH: a tunnel of our own, and the keys of hosts."""
