"""Venues behind one port (`port`), one folder each with the same file names, found through `registry`."""
