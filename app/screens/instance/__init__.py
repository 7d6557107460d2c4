"""The screen of one container instance: what it is, what is on it, and what that uses."""
