"""All accounts of a map in one view."""
