# IAM users of several kinds. Make their access keys and console passwords by hand, as the output `iam_users` says: otherwise
# the values would be in the Terraform state. Only an emulator can make a key that is older than 0 days.

locals {
  user_tag = { key = "access-key-rotation", value = "enabled" }

  iam_users = {
    alice = {
      about = "a person: the old key is disabled in the run that makes the new one"
      email = "alice@${var.email_domain}", managed = true, declared = true, console_password = true, key_ages_days = [120]
    }
    build-agent = {
      about = "a service: its old key works on until it fetched the new one; its mail goes to an operator's address"
      email = "platform-team@${var.email_domain}", managed = true, declared = true, console_password = false, key_ages_days = [200]
    }
    carol = {
      about = "a person with a young key, by a tag to be replaced after 70 days: nothing to do"
      email = "carol@${var.email_domain}", managed = true, declared = true, console_password = true, key_ages_days = [10]
      # Exceptions for one user, in place of the settings; the other two are grace-days and hold-until.
      overrides = { max-key-age-days = "70" }
    }
    dave = {
      about = "a person whose key is due within the week: warned"
      email = "dave@${var.email_domain}", managed = true, declared = true, console_password = true, key_ages_days = [86]
    }
    erin = {
      about = "not managed: must not be touched, however old the key"
      email = null, managed = false, declared = false, console_password = true, key_ages_days = [400]
    }
    frank = {
      about = "a person with two keys, one of them idle"
      email = "frank@${var.email_domain}", managed = true, declared = true, console_password = true, key_ages_days = [150, 40]
    }
    legacy-import = {
      about = "a service that Terraform does not know: its secret is made on demand, and the operators get its messages"
      email = null, managed = true, declared = false, console_password = false, key_ages_days = [300]
    }
    mail-relay = {
      about   = "a service without a key: the function makes its first one, which a role of its own fetches; with passwords for SMTP"
      email   = null, managed = true, declared = true, console_password = false, key_ages_days = []
      options = { first_key = true, reader_arns = [local.mail_relay_role_arn], smtp_regions = ["eu-west-1"] }
    }
  }
}

resource "aws_iam_user" "example" {
  #checkov:skip=CKV_AWS_273:Users with access keys are what this example is about.

  for_each = local.iam_users

  name          = "${var.user_name_prefix}${each.key}"
  force_destroy = true # keys and passwords were made outside Terraform

  tags = merge(
    var.tags,
    each.value.managed ? { (local.user_tag.key) = local.user_tag.value } : {},
    { for name, value in try(each.value.overrides, {}) : "${local.user_tag.key}:${name}" => value },
  )
}

# Whatever runs the mail relay assumes this role, and fetches the key with it. It needs no permission for that: the secret's
# policy admits it, by reader_arns.
resource "aws_iam_role" "mail_relay" {
  name               = "${var.name}-mail-relay"
  assume_role_policy = data.aws_iam_policy_document.mail_relay.json
  tags               = var.tags
}

locals {
  # By its name, since a plan knows that before the role exists, and can show all policies with it.
  mail_relay_role_arn = format(
    "arn:%s:iam::%s:role/%s",
    data.aws_partition.current.partition, data.aws_caller_identity.current.account_id, aws_iam_role.mail_relay.name,
  )
}

data "aws_iam_policy_document" "mail_relay" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}
