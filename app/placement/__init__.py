"""Who fits, why not, who is best. Pure, deterministic, seedable."""
