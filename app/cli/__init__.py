"""The command line: one module a noun. Verbs and flags are those of ``aws ecs``, and so are the shapes on stdout."""
