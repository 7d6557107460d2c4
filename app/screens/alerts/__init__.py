"""Alerts on the screen: how they are told, where they are listed, and when the bell rings."""
