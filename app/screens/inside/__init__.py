"""Working inside containers: a shell that the terminal is handed to, and a command whose output is shown."""
