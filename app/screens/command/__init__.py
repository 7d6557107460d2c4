"""The command bar and the palette: everything that can be done or gone to from where one is, by its name."""
