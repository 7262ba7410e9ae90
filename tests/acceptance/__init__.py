"""`make acceptance`: the module in a real account, under a name of its own, for some minutes."""
