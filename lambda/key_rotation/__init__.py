"""Rotates the access keys of managed IAM users; see docs/architecture.md."""
