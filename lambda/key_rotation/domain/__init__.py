"""Data, settings and decisions: pure. Imports the standard library only."""
