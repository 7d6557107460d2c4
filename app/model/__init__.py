"""The words: ECS's shapes and states. Pure: no I/O, no clock, no docker, no textual."""
