"""The ports on boto3 clients that are handed in. Imports `domain`, `notify` and `ports`."""
