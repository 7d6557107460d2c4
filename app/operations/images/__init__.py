"""Images over the instances of a cluster: one module a verb."""
