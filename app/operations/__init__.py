"""What the command line and the screens both call: one module a verb family, in ECS's request and response shapes."""
