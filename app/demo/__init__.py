"""The demo fleet: engines that are simulated, and what lives on them."""
