"""Processes of our own in a container (``docker exec``), and its main process (``docker attach``)."""
