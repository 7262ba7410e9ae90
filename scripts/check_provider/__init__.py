"""Holds the HCL against a provider version whose binary is not at hand: `make check-provider`."""
