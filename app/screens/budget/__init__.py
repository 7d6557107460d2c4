"""``:budget``: what hosts are asked from here, how fast they answer, and what Moorage itself uses."""
