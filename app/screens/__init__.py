"""One module a screen. A screen renders the fleet and holds no truth: it can be thrown away and rebuilt at any time."""
