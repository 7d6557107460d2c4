"""Working inside containers: a shell, a command, the main process; and the terminal of this side."""
