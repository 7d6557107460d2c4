"""A Docker Engine that is simulated: its state under a clock and a seed, and the HTTP API on a unix socket."""
