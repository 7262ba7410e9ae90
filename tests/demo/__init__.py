"""The demo: real keys rotated on LocalStack, from `terraform apply` to `terraform destroy`."""
