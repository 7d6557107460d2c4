"""Images of a cluster: what is where, what is done with them, and how that goes on."""
