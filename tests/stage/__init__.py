"""What demo and integration tests share: the account, Terraform, runs, listeners, a shell."""
