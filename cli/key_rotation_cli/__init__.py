"""The operator's command line: see what the rotation does, and steer it.

It is built on the package `key_rotation` that the Lambda function runs, and is no part of its zip.
"""
