"""The owner's command line: fetches the access key that the rotation put into a secret.

It runs where the key is needed, and imports boto3's botocore and configupdater, and nothing of the
rotation itself.
"""
