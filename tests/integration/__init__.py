"""The examples, applied to LocalStack by pytest-terraform, and the deployed function."""
