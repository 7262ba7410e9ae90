"""Which program uses an access key, by what CloudTrail and IAM have of it."""
