"""Plans, applies, checks and destroys the installations of many accounts: a workspace for each.

The standard library only, so that the folder above runs wherever it is copied to.
"""
