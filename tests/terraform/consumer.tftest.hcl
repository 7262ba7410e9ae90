# modules/consumer, by plan with the real provider, offline, as in policies.tftest.hcl. What its policies allow and refuse is in
# tests/policies, which events its rule takes in tests/integration/test_consumer.py, wrong values in consumer_cases.py.

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

variables {
  name         = "build-agent-key"
  user_name    = "build-agent"
  secret_arn   = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/build-agent-EOBwGI"
  kms_key_arn  = "arn:aws:kms:eu-central-1:111122223333:key/of-the-module"
  function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:deliver"
}

run "a_consumer" {
  command = plan

  module {
    source = "./modules/consumer"
  }

  variables {
    alarm_topic_arns = ["arn:aws:sns:eu-central-1:111122223333:on-call"]
    tags             = { team = "platform" }
  }

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.this.event_pattern) == {
      source      = ["iam-access-key-rotation"]
      detail-type = ["Access Key Rotated"]
      account     = ["111122223333"]
      detail = {
        installation = ["access-key-rotation"]
        user         = { name = ["build-agent"] }
        secret_arn   = ["arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/build-agent-EOBwGI"]
      }
    }
    error_message = "The rule must take the rotations of this user by this installation in this account, and no other event."
  }

  # A field that an event does not have would match nothing, for ever.
  assert {
    condition = alltrue([
      for field in keys(jsondecode(aws_cloudwatch_event_rule.this.event_pattern).detail) :
      contains(jsondecode(file("docs/event.schema.json")).required, field)
    ])
    error_message = "The rule must look at fields that every event has."
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_rule.this.name == "build-agent-key",
      aws_cloudwatch_event_rule.this.event_bus_name == "default",
      aws_cloudwatch_event_target.this.rule == "build-agent-key",
      aws_cloudwatch_event_target.this.event_bus_name == "default",
      aws_cloudwatch_event_target.this.arn == var.function_arn,
      length(aws_cloudwatch_event_target.this.input_transformer) == 0 && aws_cloudwatch_event_target.this.input == null,
      aws_cloudwatch_event_target.this.retry_policy[0].maximum_event_age_in_seconds == 86400,
      aws_cloudwatch_event_target.this.retry_policy[0].maximum_retry_attempts == 185,
      length(aws_cloudwatch_event_target.this.dead_letter_config) == 1,
    ])
    error_message = "The rule must hand the whole event to the function, for a day, and keep what it could not deliver."
  }

  assert {
    condition = alltrue([
      aws_lambda_permission.this.action == "lambda:InvokeFunction",
      aws_lambda_permission.this.function_name == "deliver",
      aws_lambda_permission.this.qualifier == null,
      aws_lambda_permission.this.principal == "events.amazonaws.com",
      aws_lambda_permission.this.source_arn == "arn:aws:events:eu-central-1:111122223333:rule/build-agent-key",
      aws_lambda_permission.this.statement_id == "build-agent-key",
    ])
    error_message = "The rule alone must be able to start the function. Two consumers of one function must not share a statement."
  }

  assert {
    condition = alltrue([
      aws_sqs_queue.dead_letters.name == "build-agent-key-dead-letters",
      aws_sqs_queue.dead_letters.sqs_managed_sse_enabled,
      aws_sqs_queue.dead_letters.message_retention_seconds == 1209600,
    ])
    error_message = "The queue must be encrypted, and keep a dead letter for 14 days."
  }

  assert {
    condition = jsondecode(aws_sqs_queue.dead_letters.policy).Statement == [
      {
        Sid       = "RuleSendsDeadLetters"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:aws:sqs:eu-central-1:111122223333:build-agent-key-dead-letters"
        Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-central-1:111122223333:rule/build-agent-key" } }
      },
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:aws:sqs:eu-central-1:111122223333:build-agent-key-dead-letters"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
    error_message = "Of all services, only this rule may send to the queue."
  }

  assert {
    condition = jsondecode(output.reader_policy_json).Statement == [
      {
        Sid      = "ReadTheSecret"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/build-agent-EOBwGI"
      },
      {
        Sid      = "DecryptTheSecret"
        Effect   = "Allow"
        Action   = "kms:Decrypt"
        Resource = "arn:aws:kms:eu-central-1:111122223333:key/of-the-module"
        Condition = {
          StringEquals = {
            "kms:EncryptionContext:SecretARN" = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/build-agent-EOBwGI"
            "kms:ViaService"                  = "secretsmanager.eu-central-1.amazonaws.com"
          }
        }
      },
    ]
    error_message = "The reader must get this secret, and the key through Secrets Manager for this secret only."
  }

  assert {
    condition = jsonencode({
      for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name => sort([
        for query in alarm.metric_query : (
          length(query.metric) == 0 ? "${query.id} = ${query.expression}" :
          "${query.id}: ${query.metric[0].namespace} ${query.metric[0].metric_name} of ${jsonencode(query.metric[0].dimensions)}, ${query.metric[0].stat} of ${query.metric[0].period} s"
        )
      ])
      }) == jsonencode({
      build-agent-key-dead-letters = [
        "alarm = FILL(waiting, 0) + FILL(sent, 0)",
        "sent: AWS/SQS NumberOfMessagesSent of {\"QueueName\":\"build-agent-key-dead-letters\"}, Sum of 300 s",
        "waiting: AWS/SQS ApproximateNumberOfMessagesVisible of {\"QueueName\":\"build-agent-key-dead-letters\"}, Maximum of 300 s",
      ]
      build-agent-key-failed-invocations = [
        "alarm = FILL(failed, 0) + FILL(lost, 0)",
        "failed: AWS/Events FailedInvocations of {\"RuleName\":\"build-agent-key\"}, Sum of 300 s",
        "lost: AWS/Events InvocationsFailedToBeSentToDlq of {\"RuleName\":\"build-agent-key\"}, Sum of 300 s",
      ]
      build-agent-key-dropped-events = [
        "alarm = FILL(dropped, 0)",
        "dropped: AWS/Lambda AsyncEventsDropped of {\"FunctionName\":\"deliver\"}, Sum of 300 s",
      ]
    })
    error_message = "There must be an alarm wherever an event can get lost."
  }

  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.this : alltrue([
        alarm.comparison_operator == "GreaterThanThreshold",
        alarm.threshold == 0,
        alarm.treat_missing_data == "notBreaching",
        tolist(alarm.alarm_actions) == tolist(["arn:aws:sns:eu-central-1:111122223333:on-call"]),
        length(coalesce(alarm.ok_actions, [])) == (name == "dead-letters" ? 1 : 0),
        length(alarm.alarm_description) <= 1024,
        strcontains(alarm.alarm_description, "build-agent") && strcontains(alarm.alarm_description, "modules/consumer/README.md"),
      ])
    ])
    error_message = "Each alarm must go off at the first lost event, go to the topics, and say whose key it is and where to read on."
  }

  assert {
    condition = alltrue(concat(
      [for alarm in aws_cloudwatch_metric_alarm.this : alarm.tags == tomap({ team = "platform" })],
      [aws_cloudwatch_event_rule.this.tags == tomap({ team = "platform" }), aws_sqs_queue.dead_letters.tags == tomap({ team = "platform" })],
    ))
    error_message = "A resource lacks the tags."
  }
}

run "nobody_to_tell" {
  command = plan

  module {
    source = "./modules/consumer"
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.this : length(coalesce(alarm.alarm_actions, [])) == 0])
    error_message = "Without topics the alarms must exist, and tell nobody."
  }
}

run "on_a_bus_of_ones_own" {
  command = plan

  module {
    source = "./modules/consumer"
  }

  variables {
    event_bus_arn             = "arn:aws:events:eu-central-1:111122223333:event-bus/platform/keys"
    installation              = "key-rotation"
    maximum_event_age_seconds = 3600
  }

  assert {
    condition = alltrue([
      aws_cloudwatch_event_rule.this.event_bus_name == "platform/keys",
      aws_cloudwatch_event_target.this.event_bus_name == "platform/keys",
      aws_cloudwatch_event_target.this.retry_policy[0].maximum_event_age_in_seconds == 3600,
      jsondecode(aws_cloudwatch_event_rule.this.event_pattern).detail.installation == ["key-rotation"],
    ])
    error_message = "Rule, target and pattern must follow the variables."
  }

  assert {
    condition = (
      aws_lambda_permission.this.source_arn == "arn:aws:events:eu-central-1:111122223333:rule/platform/keys/build-agent-key" &&
      strcontains(aws_sqs_queue.dead_letters.policy, "\"arn:aws:events:eu-central-1:111122223333:rule/platform/keys/build-agent-key\"")
    )
    error_message = "The ARN of a rule on another bus has the bus in it."
  }

  assert {
    condition = alltrue([
      for query in aws_cloudwatch_metric_alarm.this["failed-invocations"].metric_query :
      query.metric[0].dimensions == tomap({ EventBusName = "platform/keys", RuleName = "build-agent-key" }) if length(query.metric) > 0
    ])
    error_message = "CloudWatch has the metrics of such a rule under both names."
  }
}

run "the_default_bus_by_its_arn" {
  command = plan

  module {
    source = "./modules/consumer"
  }

  variables {
    event_bus_arn = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
  }

  assert {
    condition = alltrue([
      aws_lambda_permission.this.source_arn == "arn:aws:events:eu-central-1:111122223333:rule/build-agent-key",
      aws_cloudwatch_event_rule.this.event_bus_name == "default",
    ])
    error_message = "A rule of the default bus has no bus in its ARN."
  }
}

run "an_alias" {
  command = plan

  module {
    source = "./modules/consumer"
  }

  variables {
    function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:deliver:live"
  }

  assert {
    condition = alltrue([
      aws_lambda_permission.this.function_name == "deliver",
      aws_lambda_permission.this.qualifier == "live",
      aws_cloudwatch_event_target.this.arn == var.function_arn,
    ])
    error_message = "The permission must be on the alias that the rule starts."
  }
}

# A user name with every character that the name of a secret writes in another way.
run "a_strange_name" {
  command = plan

  module {
    source = "./modules/consumer"
  }

  variables {
    user_name  = "a,b+c"
    secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/a+2Cb+2Bc-EOBwGI"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.this.event_pattern).detail.user.name == ["a,b+c"]
    error_message = "The event has the name as IAM has it."
  }
}

# What is not known before the apply is no wrong value.
run "resources_of_the_same_configuration" {
  command = plan

  module {
    source = "./tests/terraform/made_together/consumer"
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
    target = module.build_agent_key.data.aws_caller_identity.current
    values = { account_id = "111122223333" }
  }
}
