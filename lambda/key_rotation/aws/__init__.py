"""The adapters behind the ports: boto3 clients are given to them, never built here."""
