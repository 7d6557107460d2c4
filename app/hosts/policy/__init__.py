"""What containers may reach beyond their own walls: the verdict on the body of a create call. Pure."""
