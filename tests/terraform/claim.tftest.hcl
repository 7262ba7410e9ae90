# One installation per account manages the users of a tag: who has it, and who is refused.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1", region = "eu-central-1" } # the latter in provider 6
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" } # policies.tftest.hcl looks at the real ones
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-central-1:111122223333:rule/access-key-rotation" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/access-key-rotation", id = "access-key-rotation" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:access-key-rotation" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-central-1:111122223333:access-key-rotation-dead-letters"
      url = "https://sqs.eu-central-1.amazonaws.com/111122223333/access-key-rotation-dead-letters"
    }
  }
}

variables {
  kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought-along", keep_module_key = false }
}

run "another_one_has_it" {
  command = plan

  override_data {
    target = data.aws_iam_roles.claim
    values = { arns = ["arn:aws:iam::111122223333:role/us-east-1/keys/one-access-key-rotation-per-tag-809c65d4d2b2"] }
  }

  expect_failures = [aws_iam_role.claim]
}

run "somebody_has_made_it_by_hand" {
  command = plan

  override_data {
    target = data.aws_iam_roles.claim
    values = { arns = ["arn:aws:iam::111122223333:role/one-access-key-rotation-per-tag-809c65d4d2b2"] }
  }

  expect_failures = [aws_iam_role.claim]
}

run "claims_its_tag" {
  variables {
    tags     = { team = "platform" }
    function = { role_path = "/platform/", permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary" }
  }

  assert {
    condition = alltrue([
      aws_iam_role.claim.name == "one-access-key-rotation-per-tag-809c65d4d2b2", # printf '["access-key-rotation","enabled"]' | sha256sum
      aws_iam_role.claim.path == "/platform/eu-central-1/access-key-rotation/",
      aws_iam_role.claim.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary",
      aws_iam_role.claim.tags == tomap({ team = "platform" }),
    ])
    error_message = "The name must come from the tag alone, in every version: it is how installations find each other. The path must say who has it."
  }
}

# On top of the run before. The claim of the former name is still this installation's.
run "still_its_own_after_a_new_name" {
  command = plan

  variables {
    name = "keys"
  }

  override_data {
    target = data.aws_iam_roles.claim
    values = { arns = ["arn:aws:iam::111122223333:role/platform/eu-central-1/access-key-rotation/one-access-key-rotation-per-tag-809c65d4d2b2"] }
  }

  assert {
    condition     = aws_iam_role.claim.path == "/eu-central-1/access-key-rotation/"
    error_message = "A new name must not make the claim somebody else's."
  }
}

# Nor is it in another region: with the provider of that, the function of the former region would stay, and nobody see it.
run "not_moved_to_another_region" {
  command = plan

  override_data {
    target = data.aws_region.current
    values = { id = "us-east-1", region = "us-east-1" }
  }

  expect_failures = [aws_iam_role.claim]
}

run "other_values_are_other_tags" {
  command = plan

  variables {
    user_tag = { key = "Access-Key-Rotation", value = "Enabled" }
  }

  assert {
    condition     = aws_iam_role.claim.name != "one-access-key-rotation-per-tag-809c65d4d2b2"
    error_message = "IAM tells upper from lower case in values."
  }
}

run "keys_in_another_case_are_the_same" {
  command = plan

  variables {
    user_tag = { key = "Access-Key-Rotation" }
  }

  assert {
    condition     = aws_iam_role.claim.name == "one-access-key-rotation-per-tag-809c65d4d2b2"
    error_message = "IAM does not tell upper from lower case in keys."
  }
}

run "two_installations_side_by_side" {
  command = plan

  module {
    source = "./tests/terraform/made_together/two"
  }

  assert {
    condition = output.installations == {
      for name in ["people", "services"] :
      name => ["access-key-rotation-${name}", "/access-key-rotation-${name}/config", "iam-access-key-${name}/", ["alice"]]
    }
    error_message = "for_each over two names must give two installations."
  }
}
