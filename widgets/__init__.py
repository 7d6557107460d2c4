"""Textual widgets that know nothing of what they show and could serve another app.

They draw with the Line API (one Strip for each visible line), parse no markup of data, and take text that the caller
made safe; ``plain`` is a second wall for what should never arrive.
"""
