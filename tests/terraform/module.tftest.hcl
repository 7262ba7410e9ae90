# What the module makes, by mocked apply: names, settings, subscriptions, secrets, the choice of the key.

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
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/made-by-the-module", key_id = "made-by-the-module" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-central-1:111122223333:function:access-key-rotation" }
  }
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/user-AbCdEf" }
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


run "defaults" {
  assert {
    condition = tomap({ for name, parameter in aws_ssm_parameter.setting : name => parameter.insecure_value }) == tomap({
      name                               = "access-key-rotation"
      max_key_age_days                   = "90"
      warn_before_days                   = "7"
      grace_days                         = "0"
      min_grace_days_without_console     = "7"
      remind_before_days                 = "3"
      hold_until_moved                   = "true"
      hold_while_used_days               = "0"
      max_overlap_days                   = "30"
      delete_after_days                  = "30"
      idle_after_days                    = "45"
      disable_unused_after_days          = "0"
      max_rotations_per_run              = "0"
      deleted_user_secret_retention_days = "30"
      max_iam_writes_per_second          = "20"
      bulk_discovery                     = "true"
      dry_run                            = "false"
      require_confirmed_subscription     = "true"
      operator_emails                    = "[]"
      user_tag                           = jsonencode({ key = "access-key-rotation", value = "enabled" })
      coverage_exempt_tag                = "null"
      user_path_prefix                   = "/"
      never_user_arns                    = "[]"
      secret_name_prefix                 = "iam-access-key/"
      secret_reader_arns                 = "[]"
      user_options_sha256                = sha256("")
      secret_tags                        = "{}"
      kms_key_arn                        = "arn:aws:kms:eu-central-1:111122223333:key/made-by-the-module"
      topic_arn                          = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation"
      event_bus_arn                      = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
    })
    error_message = "The settings are not those of the contract."
  }

  assert {
    condition = alltrue([
      for name, parameter in aws_ssm_parameter.setting :
      parameter.name == "/access-key-rotation/config/${name}" && parameter.type == "String" && length(parameter.description) > 0
    ])
    error_message = "A setting is not a String parameter under /access-key-rotation/config."
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.CONFIG_PATH == "/access-key-rotation/config" && length(aws_lambda_function.this.environment[0].variables) == 2
    error_message = "The function's variables must be CONFIG_PATH and PINNED_SETTINGS, and no other."
  }

  # Of what SSM has: the function hashes that, and not what Terraform makes it of.
  assert {
    condition = jsondecode(aws_lambda_function.this.environment[0].variables.PINNED_SETTINGS) == {
      for name in [
        "kms_key_arn", "operator_emails", "require_confirmed_subscription", "secret_name_prefix", "secret_reader_arns",
        "topic_arn", "user_options_sha256", "user_tag",
      ] : name => sha256(aws_ssm_parameter.setting[name].insecure_value)
    }
    error_message = "What decides who can read a key must be pinned in the function's environment."
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this.runtime == "python3.13",
      aws_lambda_function.this.handler == "key_rotation.handler.lambda_handler",
      aws_lambda_function.this.architectures == tolist(["arm64"]),
      aws_lambda_function.this.memory_size == 512,
      aws_lambda_function.this.timeout == 900,
      aws_lambda_function.this.kms_key_arn == null,
      aws_iam_role.function.path == "/",
      aws_iam_role.function.permissions_boundary == null,
      aws_lambda_function.this.reserved_concurrent_executions == null,
      length(aws_lambda_function.this.vpc_config) == 0,
      aws_lambda_function.this.logging_config[0].log_format == "JSON",
      aws_lambda_function.this.logging_config[0].log_group == "/aws/lambda/access-key-rotation",
      aws_lambda_function.this.dead_letter_config[0].target_arn == aws_sqs_queue.dead_letters.arn,
      aws_lambda_function.this.source_code_hash == filebase64sha256("lambda/package.zip"),
    ])
    error_message = "The function is not configured as designed."
  }

  assert {
    condition     = file("lambda/package.sources.sha256") == "${local.package_sources_sha256}  sources\n${filesha256("lambda/package.zip")}  package.zip\n"
    error_message = "The recorded hashes are not those of the sources and of the zip."
  }

  assert {
    condition     = aws_cloudwatch_log_group.function.retention_in_days == 365
    error_message = "The log must be kept for a year."
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_rule.schedule.schedule_expression == "rate(1 day)",
      aws_cloudwatch_event_rule.schedule.state == "ENABLED",
      aws_cloudwatch_event_target.function.input == "{}",
      aws_cloudwatch_event_target.function.arn == aws_lambda_function.this.arn,
      aws_cloudwatch_event_target.function.dead_letter_config[0].arn == aws_sqs_queue.dead_letters.arn,
      aws_lambda_permission.schedule.source_arn == aws_cloudwatch_event_rule.schedule.arn,
      aws_lambda_permission.schedule.principal == "events.amazonaws.com",
    ])
    error_message = "The schedule must start this function, once a day, with an empty payload."
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0 && length(aws_secretsmanager_secret.user) == 0
    error_message = "Nobody was named, so nobody may be subscribed or get a secret."
  }

  assert {
    condition     = length(aws_kms_key.this) == 1 && aws_kms_key.this[0].enable_key_rotation && aws_kms_alias.this[0].name == "alias/access-key-rotation"
    error_message = "Without kms_key the module must make a key that is rotated, and an alias."
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == aws_kms_key.this[0].arn && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Topic and queue must be encrypted."
  }

  assert {
    condition     = aws_sns_topic.this.signature_version == 2 && aws_sns_topic.alarms[0].signature_version == 2
    error_message = "Messages must be signed with SHA-256, as subscriptions by https can check."
  }

  assert {
    condition = alltrue([
      output.function_name == "access-key-rotation",
      output.function_arn == aws_lambda_function.this.arn,
      output.role_arn == aws_iam_role.function.arn,
      output.schedule_rule_arn == aws_cloudwatch_event_rule.schedule.arn,
      output.topic_arn == aws_sns_topic.this.arn,
      output.dead_letter_queue_arn == aws_sqs_queue.dead_letters.arn,
      output.config_path == "/access-key-rotation/config",
      output.secret_name_prefix == "iam-access-key/",
      output.kms_key_arn == aws_kms_key.this[0].arn,
      length(output.user_secret_arns) == 0,
    ])
    error_message = "The outputs are not those of the contract."
  }
}

run "every_resource_follows_the_name" {
  variables {
    name = "keys-2"
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this.function_name == "keys-2",
      aws_iam_role.function.name == "keys-2",
      aws_cloudwatch_event_rule.schedule.name == "keys-2",
      aws_sns_topic.this.name == "keys-2",
      aws_sqs_queue.dead_letters.name == "keys-2-dead-letters",
      aws_cloudwatch_log_group.function.name == "/aws/lambda/keys-2",
      aws_kms_alias.this[0].name == "alias/keys-2",
      aws_ssm_parameter.setting["name"].name == "/keys-2/config/name",
      aws_lambda_function.this.environment[0].variables.CONFIG_PATH == "/keys-2/config",
      output.config_path == "/keys-2/config",
    ])
    error_message = "Two installations with different names must not share a name."
  }
}

run "settings_follow_the_variables" {
  variables {
    max_key_age_days                   = 60
    warn_before_days                   = 5
    grace_days                         = 2
    min_grace_days_without_console     = 4
    remind_before_days                 = 1
    hold_until_moved                   = false
    hold_while_used_days               = 3
    max_overlap_days                   = 20
    delete_after_days                  = 25
    idle_after_days                    = 30
    disable_unused_after_days          = 40
    max_rotations_per_run              = 10
    deleted_user_secret_retention_days = 0
    max_iam_writes_per_second          = 5
    bulk_discovery                     = false
    dry_run                            = true
    require_confirmed_subscription     = false
    operator_emails                    = ["ops@example.com"]
    user_tag                           = { key = "rotate", value = "yes" }
    coverage_exempt_tag                = { key = "rotate", value = "no" }
    user_path_prefix                   = "/services/"
    never_user_arns                    = ["arn:aws:iam::111122223333:user/break-glass"]
    secret_name_prefix                 = "keys/"
    secret_reader_arns                 = ["arn:aws:iam::111122223333:role/deploy", "arn:aws:iam::111122223333:role/break-glass"]
    tags                               = { team = "platform" }
    event_bus_arn                      = "arn:aws:events:eu-central-1:999988887777:event-bus/central"
  }

  assert {
    condition = tomap({ for name, parameter in aws_ssm_parameter.setting : name => parameter.insecure_value }) == tomap({
      name                               = "access-key-rotation"
      max_key_age_days                   = "60"
      warn_before_days                   = "5"
      grace_days                         = "2"
      min_grace_days_without_console     = "4"
      remind_before_days                 = "1"
      hold_until_moved                   = "false"
      hold_while_used_days               = "3"
      max_overlap_days                   = "20"
      delete_after_days                  = "25"
      idle_after_days                    = "30"
      disable_unused_after_days          = "40"
      max_rotations_per_run              = "10"
      deleted_user_secret_retention_days = "0"
      max_iam_writes_per_second          = "5"
      bulk_discovery                     = "false"
      dry_run                            = "true"
      require_confirmed_subscription     = "false"
      operator_emails                    = "[\"ops@example.com\"]"
      user_tag                           = "{\"key\":\"rotate\",\"value\":\"yes\"}"
      coverage_exempt_tag                = "{\"key\":\"rotate\",\"value\":\"no\"}"
      user_path_prefix                   = "/services/"
      never_user_arns                    = "[\"arn:aws:iam::111122223333:user/break-glass\"]"
      secret_name_prefix                 = "keys/"
      secret_reader_arns                 = "[\"arn:aws:iam::111122223333:role/break-glass\",\"arn:aws:iam::111122223333:role/deploy\"]"
      user_options_sha256                = sha256("")
      secret_tags                        = "{\"team\":\"platform\"}"
      kms_key_arn                        = "arn:aws:kms:eu-central-1:111122223333:key/made-by-the-module"
      topic_arn                          = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation"
      event_bus_arn                      = "arn:aws:events:eu-central-1:999988887777:event-bus/central"
    })
    error_message = "A setting does not follow its variable."
  }

  assert {
    condition     = aws_lambda_function.this.description == "Rotates the access keys of IAM users tagged rotate = yes."
    error_message = "The function's description must name the tag."
  }
}

run "function_follows_the_variables" {
  variables {
    schedule_enabled    = false
    schedule_expression = "rate(12 hours)"
    function = {
      architecture             = "x86_64"
      runtime                  = "python3.12"
      memory_mb                = 1024
      timeout_seconds          = 300
      log_retention_days       = 30
      permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
      role_path                = "/platform/"
      reserved_concurrency     = 5
      vpc                      = { subnet_ids = ["subnet-0a"], security_group_ids = ["sg-0b"] }
    }
  }

  assert {
    condition = alltrue([
      aws_lambda_function.this.architectures == tolist(["x86_64"]),
      aws_lambda_function.this.runtime == "python3.12",
      aws_lambda_function.this.memory_size == 1024,
      aws_lambda_function.this.timeout == 300,
      aws_cloudwatch_log_group.function.retention_in_days == 30,
      aws_cloudwatch_event_rule.schedule.state == "DISABLED",
      aws_cloudwatch_event_rule.schedule.schedule_expression == "rate(12 hours)",
      aws_iam_role.function.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary",
      aws_iam_role.function.path == "/platform/",
      aws_lambda_function.this.reserved_concurrent_executions == 5,
      aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-0a"]),
      aws_lambda_function.this.vpc_config[0].security_group_ids == toset(["sg-0b"]),
    ])
    error_message = "The function, its role or its schedule does not follow its variables."
  }
}

run "tags_are_everywhere" {
  variables {
    tags  = { team = "platform" }
    users = { alice = { first_key = true } }
  }

  assert {
    condition = alltrue([
      for tags in concat(
        [
          aws_cloudwatch_event_rule.schedule.tags, aws_lambda_function.this.tags, aws_cloudwatch_log_group.function.tags,
          aws_sqs_queue.dead_letters.tags, aws_iam_role.function.tags, aws_sns_topic.this.tags, aws_kms_key.this[0].tags,
        ],
        [for parameter in aws_ssm_parameter.setting : parameter.tags],
        [for parameter in aws_ssm_parameter.user_names : parameter.tags],
        [for parameter in aws_ssm_parameter.user_options : parameter.tags],
      ) : tags == tomap({ team = "platform" })
    ])
    error_message = "A resource lacks the tags."
  }

  assert {
    condition     = aws_secretsmanager_secret.user["alice"].tags == tomap({ team = "platform", "access-key-rotation:managed-by" = "access-key-rotation", "access-key-rotation:provided-by" = "terraform" })
    error_message = "A secret must carry the tags, the tag that lets the function write to it, the tag that Terraform made it, and nothing else."
  }
}

run "a_key_of_ones_own" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought-along", keep_module_key = false }
    users   = { alice = {} }
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && length(aws_kms_alias.this) == 0 && output.module_kms_key_arn == null
    error_message = "With kms_key the module must make no key."
  }

  assert {
    condition = alltrue([
      for arn in [
        aws_sns_topic.this.kms_master_key_id, aws_secretsmanager_secret.user["alice"].kms_key_id,
        aws_ssm_parameter.setting["kms_key_arn"].insecure_value, output.kms_key_arn,
      ] : arn == "arn:aws:kms:eu-central-1:111122223333:key/brought-along"
    ])
    error_message = "Topic, secrets and settings must use the key that was given."
  }
}

run "a_key_of_the_module" {
  variables {
    users = { alice = {} }
  }

  assert {
    condition     = aws_secretsmanager_secret.user["alice"].kms_key_id == aws_kms_key.this[0].arn
    error_message = "The secret must be on the module's key."
  }
}

# On top of the run before.
run "the_former_key_stays_until_every_secret_has_moved" {
  variables {
    kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought-along", keep_module_key = true }
    users   = { alice = {} }
  }

  assert {
    condition = alltrue([
      length(aws_kms_key.this) == 1,
      length(aws_kms_alias.this) == 1,
      output.module_kms_key_arn == run.a_key_of_the_module.module_kms_key_arn,
      output.module_kms_key_arn == "arn:aws:kms:eu-central-1:111122223333:key/made-by-the-module",
    ])
    error_message = "The key that secrets are on must stay."
  }

  assert {
    condition = alltrue([
      for arn in [
        aws_sns_topic.this.kms_master_key_id, aws_secretsmanager_secret.user["alice"].kms_key_id,
        aws_ssm_parameter.setting["kms_key_arn"].insecure_value, output.kms_key_arn,
      ] : arn == "arn:aws:kms:eu-central-1:111122223333:key/brought-along"
    ])
    error_message = "Topic, secrets and settings must move to the key that was given."
  }
}

run "secrets_of_users" {
  variables {
    users = {
      alice     = { email = "alice@example.com" }
      "a+b"     = {}
      "a,b"     = {}
      "a+2Cb"   = {}
      "x=.@_-y" = {}
    }
  }

  assert {
    condition = tomap({ for user, secret in aws_secretsmanager_secret.user : user => secret.name }) == tomap({
      alice     = "iam-access-key/alice"
      "a+b"     = "iam-access-key/a+2Bb"
      "a,b"     = "iam-access-key/a+2Cb"
      "a+2Cb"   = "iam-access-key/a+2B2Cb"
      "x=.@_-y" = "iam-access-key/x=.@_-y"
    })
    error_message = "Names of secrets must be encoded without collisions."
  }

  assert {
    condition = alltrue([
      for secret in aws_secretsmanager_secret.user :
      secret.recovery_window_in_days == 30 && secret.kms_key_id == aws_kms_key.this[0].arn
    ])
    error_message = "A secret must be recoverable for 30 days and be encrypted with the module's key."
  }

  assert {
    condition     = toset(keys(output.user_secret_arns)) == toset(keys(var.users))
    error_message = "The output must name the secret of each user."
  }
}

run "one_subscription_per_address" {
  variables {
    users = {
      alice       = { email = "alice@example.com" }
      build-agent = { email = "team@example.com" }
      api-client  = { email = "team@example.com" }
      dave        = { email = "ops@example.com" }
      no-mail     = {}
    }
    operator_emails = ["ops@example.com", "security@example.com"]
  }

  assert {
    condition = tomap({ for email, subscription in aws_sns_topic_subscription.email : email => subscription.filter_policy }) == tomap({
      "alice@example.com"    = jsonencode({ audience = ["user"], user = ["alice"] })
      "team@example.com"     = jsonencode({ audience = ["user"], user = ["api-client", "build-agent"] })
      "security@example.com" = jsonencode({ audience = ["operator"] })
      "ops@example.com" = jsonencode({
        "$or" = [{ audience = ["operator"] }, { audience = ["user"], user = ["dave"] }]
      })
    })
    error_message = "Each address must be subscribed once, to what concerns it."
  }

  assert {
    condition = alltrue([
      for email, subscription in aws_sns_topic_subscription.email :
      subscription.protocol == "email" && subscription.endpoint == email && subscription.filter_policy_scope == "MessageAttributes"
    ])
    error_message = "Subscriptions must be by e-mail and filter on the message attributes."
  }
}
