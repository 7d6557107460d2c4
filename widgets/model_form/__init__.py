"""A form made from a pydantic model: rows to move among, edited in place. It knows nothing of what the model means."""
