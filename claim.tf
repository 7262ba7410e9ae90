# One installation per account manages the users of a tag: two would rotate the same keys, and block each other. The other one
# may be in any region and in any Terraform state, but IAM is the account's. So an installation claims its tag by a role whose
# name only one can have. Nobody can assume it, and it may do nothing. See docs/adr/0036.

locals {
  # IAM ignores upper and lower case in the key of a tag.
  claim_name = "one-access-key-rotation-per-tag-${substr(sha256(jsonencode([lower(local.user_tag.key), local.user_tag.value])), 0, 12)}"

  # The path says who has it: region and name.
  claims_of_others = [
    for arn in data.aws_iam_roles.claim.arns : try(format("%[2]s in %[1]s", regex("/([^/]+)/([^/]+)/[^/]+$", arn)...), arn)
    if !endswith(arn, "/${terraform_data.claimant.input}/${local.claim_name}")
  ]
}

data "aws_iam_roles" "claim" {
  name_regex = "^${local.claim_name}$"
}

# Region and name at the installation. If one of them changes later, the claim is still known as this installation's.
resource "terraform_data" "claimant" {
  input = "${local.region}/${var.name}"

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_iam_role" "claim" {
  name                 = local.claim_name
  path                 = "${local.function.role_path}${terraform_data.claimant.input}/"
  description          = "Says which access key rotation manages the users of a tag: its path has region and name. Nobody can assume it."
  assume_role_policy   = data.aws_iam_policy_document.nobody_assumes.json
  permissions_boundary = local.function.permissions_boundary_arn
  tags                 = var.tags

  lifecycle {
    precondition {
      condition = length(local.claims_of_others) == 0
      error_message = format(
        "user_tag: another installation of this account manages the users tagged %s = %s: %s. Two would rotate the same keys and block each other. Set another user_tag, name and secret_name_prefix here, and tag the users of this installation with that tag. If that installation does not exist any more, remove what it left: aws iam delete-role --role-name %s",
        local.user_tag.key, local.user_tag.value,
        join(", ", local.claims_of_others), local.claim_name,
      )
    }

    # A provider of another region does not find what this state has, and would leave a second function there.
    precondition {
      condition = startswith(terraform_data.claimant.input, "${local.region}/")
      error_message = format(
        "This installation is in %s, and its provider now in %s. If that is a mistake, set the provider's region back. To move, destroy the installation with the former region first.",
        split("/", terraform_data.claimant.input)[0], local.region,
      )
    }
  }
}

data "aws_iam_policy_document" "nobody_assumes" {
  statement {
    effect  = "Deny"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
