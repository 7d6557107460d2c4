"""Themes and style sheets. Imports nothing: palettes are read before Textual is loaded."""
