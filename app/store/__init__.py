"""Files: the home folder, cluster files, task definitions and the configuration. No screen, no Docker."""
