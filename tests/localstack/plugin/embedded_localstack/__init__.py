"""Plugins of the embedded LocalStack: functions without Docker, a mailbox, test-only routes.

LocalStack finds them through the entry points in the dist-info folder beside this package. They run
inside LocalStack's own virtual environment; nothing else imports them.
"""
