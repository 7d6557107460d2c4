"""Events: what happened on hosts and what was done from here, as a screen, a tab, and a task's timeline."""
