"""Images on an engine: pulled, pushed, built, copied, listed and removed, by streams that are read to their end."""
