# What tests/policies looks at: a mocked account, but the real provider, which renders policies and knows partitions
# offline. With a kms_key given, every policy but the key's own is known at plan.

provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "china"
  region                      = "cn-north-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "govcloud"
  region                      = "us-gov-west-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_data {
  target = data.aws_iam_roles.claim
  values = { arns = [] }
}

variables {
  name = "key-rotation"
  secret_reader_arns = [
    "arn:aws:iam::123456789012:role/team/deploy",
    "arn:aws:iam::123456789012:user/break-glass",
    "arn:aws:iam::444455556666:role/elsewhere",
  ]
  users = {
    alice = { reader_arns = ["arn:aws:iam::123456789012:role/of-alice", "arn:aws:iam::777788889999:role/of-alice"] }
  }
  never_user_arns           = ["arn:aws:iam::123456789012:user/team/never"]
  dead_letter_operator_arns = ["arn:aws:iam::123456789012:role/on-call-*"]
  rotate_exposed_keys       = true
}

run "aws" {
  command = plan

  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/of-the-module", keep_module_key = false }
  }
}

run "aws_key" {
  command = plan
}

# All that can be left out is left out: see situations.py.
run "bare" {
  command = plan

  variables {
    kms_key                            = { arn = "arn:aws:kms:eu-west-1:123456789012:key/of-the-module", keep_module_key = false }
    bulk_discovery                     = false
    deleted_user_secret_retention_days = 0
    event_bus_arn                      = "arn:aws:events:eu-west-1:444455556666:event-bus/key-rotation"
    monitoring                         = { enabled = false }
    rotate_exposed_keys                = false
    secret_reader_arns                 = []
    users                              = { alice = {} }
    never_user_arns                    = []
    dead_letter_operator_arns          = []
  }
}

run "vpc" {
  command = plan

  variables {
    kms_key  = { arn = "arn:aws:kms:eu-west-1:123456789012:key/of-the-module", keep_module_key = false }
    function = { vpc = { subnet_ids = ["subnet-0123456789"], security_group_ids = ["sg-0123456789"] } }

    # Users under a path: partitions.py.
    user_path_prefix = "/services/"
    never_user_arns  = ["arn:aws:iam::123456789012:user/services/team/never"]
    secret_reader_arns = [
      "arn:aws:iam::123456789012:role/team/deploy",
      "arn:aws:iam::123456789012:user/services/break-glass",
      "arn:aws:iam::444455556666:role/elsewhere",
    ]
  }
}

run "china" {
  command = plan

  providers = {
    aws = aws.china
  }

  variables {
    kms_key = { arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/of-the-module", keep_module_key = false }
    secret_reader_arns = [
      "arn:aws-cn:iam::123456789012:role/team/deploy",
      "arn:aws-cn:iam::123456789012:user/break-glass",
      "arn:aws-cn:iam::444455556666:role/elsewhere",
    ]
    users = {
      alice = { reader_arns = ["arn:aws-cn:iam::123456789012:role/of-alice", "arn:aws-cn:iam::777788889999:role/of-alice"] }
    }
    never_user_arns           = ["arn:aws-cn:iam::123456789012:user/team/never"]
    dead_letter_operator_arns = ["arn:aws-cn:iam::123456789012:role/on-call-*"]
  }
}

run "govcloud" {
  command = plan

  providers = {
    aws = aws.govcloud
  }

  variables {
    kms_key = { arn = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/of-the-module", keep_module_key = false }
    secret_reader_arns = [
      "arn:aws-us-gov:iam::123456789012:role/team/deploy",
      "arn:aws-us-gov:iam::123456789012:user/break-glass",
      "arn:aws-us-gov:iam::444455556666:role/elsewhere",
    ]
    users = {
      alice = { reader_arns = ["arn:aws-us-gov:iam::123456789012:role/of-alice", "arn:aws-us-gov:iam::777788889999:role/of-alice"] }
    }
    never_user_arns           = ["arn:aws-us-gov:iam::123456789012:user/team/never"]
    dead_letter_operator_arns = ["arn:aws-us-gov:iam::123456789012:role/on-call-*"]
  }
}

run "guardrails" {
  command = plan

  module {
    source = "./examples/guardrails"
  }

  variables {
    terraform_role_arns = ["arn:aws:iam::*:role/terraform"]
    operator_role_arns  = ["arn:aws:iam::*:role/on-call-*"]
    reader_role_arns    = ["arn:aws:iam::123456789012:role/team/deploy"]
  }
}

run "guardrails_vpc" {
  command = plan

  module {
    source = "./examples/guardrails"
  }

  variables {
    vpc                 = true
    kms_key_arns        = ["arn:aws:kms:eu-west-1:123456789012:key/of-the-module"]
    terraform_role_arns = ["arn:aws:iam::*:role/terraform"]
    operator_role_arns  = ["arn:aws:iam::*:role/on-call-*"]
    reader_role_arns    = ["arn:aws:iam::123456789012:role/team/deploy"]
  }
}

run "guardrails_china" {
  command = plan

  providers = {
    aws = aws.china
  }

  module {
    source = "./examples/guardrails"
  }

  variables {
    terraform_role_arns = ["arn:aws-cn:iam::*:role/terraform"]
    operator_role_arns  = ["arn:aws-cn:iam::*:role/on-call-*"]
    reader_role_arns    = ["arn:aws-cn:iam::123456789012:role/team/deploy"]
  }
}

run "consumer" {
  command = plan

  module {
    source = "./modules/consumer"
  }

  variables {
    name         = "alice-key"
    installation = "key-rotation"
    user_name    = "alice"
    secret_arn   = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/alice-AbCdEf"
    kms_key_arn  = "arn:aws:kms:eu-west-1:123456789012:key/of-the-module"
    function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:deliver"
  }
}

run "consumer_china" {
  command = plan

  providers = {
    aws = aws.china
  }

  module {
    source = "./modules/consumer"
  }

  variables {
    name         = "alice-key"
    installation = "key-rotation"
    user_name    = "alice"
    secret_arn   = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:iam-access-key/alice-AbCdEf"
    kms_key_arn  = "arn:aws-cn:kms:cn-north-1:123456789012:key/of-the-module"
    function_arn = "arn:aws-cn:lambda:cn-north-1:123456789012:function:deliver"
  }
}

run "consumer_govcloud" {
  command = plan

  providers = {
    aws = aws.govcloud
  }

  module {
    source = "./modules/consumer"
  }

  variables {
    name         = "alice-key"
    installation = "key-rotation"
    user_name    = "alice"
    secret_arn   = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:iam-access-key/alice-AbCdEf"
    kms_key_arn  = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/of-the-module"
    function_arn = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:deliver"
  }
}

run "parameter" {
  command = plan

  module {
    source = "./examples/delivery/parameter"
  }

  override_data {
    target = module.consumer.data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  variables {
    name                  = "build-agent-to-parameter"
    user_name             = "alice"
    secret_arn            = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/alice-AbCdEf"
    kms_key_arn           = "arn:aws:kms:eu-west-1:123456789012:key/of-the-module"
    parameter_name        = "/alice/credentials"
    parameter_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/of-parameters"
    image                 = "example"
    program               = "program"
  }
}

run "ci_variable" {
  command = plan

  module {
    source = "./examples/delivery/ci-variable"
  }

  override_data {
    target = module.consumer.data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  variables {
    name              = "build-agent-to-gitlab"
    user_name         = "alice"
    secret_arn        = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/alice-AbCdEf"
    kms_key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/of-the-module"
    gitlab_project    = "platform/shop"
    token_secret_arn  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gitlab-token-AbCdEf"
    token_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/of-tokens"
  }
}

run "reference" {
  command = plan

  module {
    source = "./examples/delivery/reference"
  }

  variables {
    name        = "build-agent-by-reference"
    secret_arn  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:iam-access-key/alice-AbCdEf"
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/of-the-module"
    image       = "example"
    program     = "program"
  }
}

# The account that is looked at is the central one.
run "central" {
  command = plan

  module {
    source = "./examples/multi-account"
  }

  override_data {
    target = module.key_rotation.data.aws_caller_identity.current
    values = { account_id = "123456789012" }
  }

  override_data {
    target = module.key_rotation.data.aws_iam_roles.claim
    values = { arns = [] }
  }

  variables {
    region          = "eu-west-1"
    central_account = "default" # the workspace of a test
    central_emails  = ["security@example.com"]
    operator_emails = ["ops@example.com"]
    accounts = {
      default = { id = "123456789012" }
      shop    = { id = "444455556666" }
    }
  }
}
