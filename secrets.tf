# The secrets of the entries of `users`. The function makes those of any other managed user when first needed. It alone writes
# the value, the policy and the tags of every secret: Terraform only sets the name, the key and the recovery window.

locals {
  # var.users with what an entry leaves out.
  users = {
    for name, user in var.users : name => {
      email        = lookup(user, "email", null)
      first_key    = tobool(lookup(user, "first_key", null)) == true
      reader_arns  = lookup(user, "reader_arns", null)[*]
      smtp_regions = lookup(user, "smtp_regions", null)[*]
    }
  }

  # A secret's name may hold every character of an IAM user name but the comma. "+" introduces the comma's code, so "+" has a
  # code too, and no two users can share a secret.
  secret_names = {
    for user in keys(local.users) :
    user => "${var.secret_name_prefix}${replace(replace(user, "+", "+2B"), ",", "+2C")}"
  }
}

resource "aws_secretsmanager_secret" "user" {
  #checkov:skip=CKV2_AWS_57:This module is the rotation; that of Secrets Manager would start a second one.

  for_each = local.secret_names

  name                    = each.value
  description             = "Access key of the IAM user ${each.key}, rotated by ${var.name}."
  kms_key_id              = local.kms_key_arn
  recovery_window_in_days = 30
  tags                    = merge(var.tags, local.managed_by_tag, { "access-key-rotation:provided-by" = "terraform" })

  lifecycle {
    # The function keeps its record in the tags.
    ignore_changes = [tags, tags_all]
  }
}
