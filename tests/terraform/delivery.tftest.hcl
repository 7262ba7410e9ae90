# The recipes of examples/delivery, by plan: what is refused, and what their tasks get.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

override_data {
  target = module.consumer.data.aws_caller_identity.current
  values = { account_id = "111122223333" }
}

variables {
  user_name             = "build-agent"
  secret_arn            = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/build-agent-AbCdEf"
  kms_key_arn           = "arn:aws:kms:eu-central-1:111122223333:key/of-the-module"
  parameter_kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/of-the-parameter"
  parameter_name        = "/build-agent/credentials"
  gitlab_project        = "platform/shop"
  token_secret_arn      = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:gitlab-token-AbCdEf"
  image                 = "example"
  program               = "program --serve"
}

run "parameter" {
  command = plan

  module {
    source = "./examples/delivery/parameter"
  }

  assert {
    condition = jsondecode(aws_ecs_task_definition.program.container_definitions)[0].secrets == [
      { name = "CREDENTIALS", valueFrom = "arn:aws:ssm:eu-central-1:111122223333:parameter/build-agent/credentials" }
    ]
    error_message = "The task must get the parameter that the function writes."
  }

  assert {
    condition     = endswith(jsondecode(aws_ecs_task_definition.program.container_definitions)[0].command[0], "; exec program --serve")
    error_message = "The program must replace the shell, so that it gets the signals of ECS."
  }
}

run "parameter_that_aws_reserves" {
  command = plan

  module {
    source = "./examples/delivery/parameter"
  }

  variables {
    parameter_name = "/aws/build-agent"
  }

  expect_failures = [var.parameter_name]
}

run "parameter_with_the_key_of_the_rotation" {
  command = plan

  module {
    source = "./examples/delivery/parameter"
  }

  variables {
    parameter_kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/of-the-module"
  }

  expect_failures = [var.parameter_kms_key_arn]
}

run "ci_variable" {
  command = plan

  module {
    source = "./examples/delivery/ci-variable"
  }

  assert {
    condition     = aws_lambda_function.deliver.environment[0].variables.GITLAB_URL == "https://gitlab.com"
    error_message = "Key and token must travel encrypted."
  }
}

run "ci_variable_without_tls" {
  command = plan

  module {
    source = "./examples/delivery/ci-variable"
  }

  variables {
    gitlab_url       = "http://gitlab.example.com"
    token_secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/build-agent-AbCdEf"
  }

  expect_failures = [var.gitlab_url, var.token_secret_arn]
}

run "reference" {
  command = plan

  module {
    source = "./examples/delivery/reference"
  }

  assert {
    condition = {
      for secret in jsondecode(aws_ecs_task_definition.program.container_definitions)[0].secrets : secret.name => secret.valueFrom
      } == {
      AWS_ACCESS_KEY_ID     = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/build-agent-AbCdEf:AccessKeyId::"
      AWS_SECRET_ACCESS_KEY = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/build-agent-AbCdEf:SecretAccessKey::"
    }
    error_message = "ECS must find each field of the secret."
  }

  assert {
    condition     = output.parameter_name == "/aws/reference/secretsmanager/iam-access-key/build-agent"
    error_message = "The reference must name the secret without the characters that AWS put behind its name."
  }
}

run "reference_that_parameter_store_cannot_name" {
  command = plan

  module {
    source = "./examples/delivery/reference"
  }

  variables {
    secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/alice@example.com-AbCdEf"
  }

  expect_failures = [var.secret_arn]
}

run "beside_the_rotation" {
  command = plan

  module {
    source = "./tests/terraform/made_together/delivery"
  }

  override_data {
    target = module.key_rotation.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.key_rotation.data.aws_iam_roles.claim
    values = { arns = [] }
  }

  override_data {
    target = module.parameter.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.parameter.module.consumer.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.ci_variable.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.ci_variable.module.consumer.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  override_data {
    target = module.reference.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }

  assert {
    condition     = output.functions == ["build-agent-to-parameter", "build-agent-to-gitlab"]
    error_message = "The rotation and the recipes must fit into one configuration."
  }
}
