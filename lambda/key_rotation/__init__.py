"""Rotates the access keys of marked IAM users; see docs/architecture.md."""
