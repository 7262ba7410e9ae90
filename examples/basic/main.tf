module "key_rotation" {
  source = "../.." # in your repo: "git::https://<host>/<path to this repo>.git//?ref=v0.1.0"

  operator_emails = ["platform-team@example.com"]

  # Tag the user: aws iam tag-user --user-name alice --tags Key=access-key-rotation,Value=enabled
  users = {
    alice = { email = "alice@example.com" }
  }
}
