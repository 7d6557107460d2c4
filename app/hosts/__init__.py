"""One Docker Engine behind one small port: the only room that imports docker."""
