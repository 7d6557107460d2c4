"""The first frame: what local engines run, on the screen before Textual is loaded, and painted over by the dashboard.

``opening`` reads and draws, ``drawing`` knows what lines look like (pure), ``held`` has the terminal until Textual
takes it, and ``driver`` is how that is done. Only ``driver`` imports Textual.
"""
