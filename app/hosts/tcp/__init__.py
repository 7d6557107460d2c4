"""Engines over TCP, with TLS: who is let in, and what is said of who is not."""
