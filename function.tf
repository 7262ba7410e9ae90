# The function, its log, and the events that it could not serve. What it may do is in iam.tf.

locals {
  # var.function with its defaults.
  function = {
    architecture             = coalesce(lookup(var.function, "architecture", null), "arm64")
    runtime                  = coalesce(lookup(var.function, "runtime", null), "python3.13")
    memory_mb                = tonumber(coalesce(lookup(var.function, "memory_mb", null), 512))
    timeout_seconds          = tonumber(coalesce(lookup(var.function, "timeout_seconds", null), 900))
    log_retention_days       = tonumber(coalesce(lookup(var.function, "log_retention_days", null), 365))
    reserved_concurrency     = tonumber(lookup(var.function, "reserved_concurrency", null))
    role_path                = coalesce(lookup(var.function, "role_path", null), "/")
    permissions_boundary_arn = lookup(var.function, "permissions_boundary_arn", null)
    vpc                      = lookup(var.function, "vpc", null)
  }

  package_file   = "${path.module}/lambda/package.zip"
  package_record = "${path.module}/lambda/package.sources.sha256"

  # `make package` records two hashes beside the zip: that of the zip, and that of the sources, which is the sha256 over
  # "<sha256 of the file>  <path>\n" of each, sorted by path. Terraform cannot look into the zip itself.
  package_sources_sha256 = sha256(join("", [
    for source in fileset("${path.module}/lambda", "key_rotation/**/*.py") :
    "${filesha256("${path.module}/lambda/${source}")}  ${source}\n"
  ]))
  package_sha256 = fileexists(local.package_file) ? filesha256(local.package_file) : "none"
  package_recorded = merge({ sources = "none", "package.zip" = "none" }, {
    for line in fileexists(local.package_record) ? split("\n", trimspace(file(local.package_record))) : [] :
    try(split("  ", line)[1], "other") => split("  ", line)[0]
  })
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:A trace would be one more place to keep free of secrets; the log says what each run did.
  #checkov:skip=CKV_AWS_115:Off by default, for the reason in the description of var.function.
  #checkov:skip=CKV_AWS_117:It needs nothing in a VPC; function.vpc is for accounts that demand one.
  #checkov:skip=CKV_AWS_173:CONFIG_PATH is the name of a path, PINNED_SETTINGS are hashes. Whoever may read the target of the rule reads RULE_TOKEN there, too.
  #checkov:skip=CKV_AWS_272:The package is in the repo, and the precondition below holds it to the sources; a signing profile would have to be the account's own.

  function_name    = var.name
  description      = "Rotates the access keys of IAM users tagged ${local.user_tag.key} = ${local.user_tag.value}."
  role             = aws_iam_role.function.arn
  runtime          = local.function.runtime
  architectures    = [local.function.architecture]
  handler          = "key_rotation.handler.lambda_handler"
  filename         = local.package_file
  source_code_hash = fileexists(local.package_file) ? filebase64sha256(local.package_file) : null
  memory_size      = local.function.memory_mb
  timeout          = local.function.timeout_seconds
  tags             = var.tags

  reserved_concurrent_executions = local.function.reserved_concurrency

  dynamic "vpc_config" {
    for_each = local.function.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  environment {
    variables = merge(
      {
        CONFIG_PATH     = local.config_path
        PINNED_SETTINGS = jsonencode(local.pinned_settings)
      },
      { for rule, token in terraform_data.rule_token : "RULE_TOKEN" => token.output },
    )
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.function.name
    application_log_level = "INFO"
    system_log_level      = "INFO"
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letters.arn
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.package_file) && local.package_recorded.sources == local.package_sources_sha256
      error_message = "lambda/package.zip was not built from the sources in lambda/key_rotation (sources ${substr(local.package_sources_sha256, 0, 12)}, package ${substr(local.package_recorded.sources, 0, 12)}). Run `make package` and commit the result."
    }

    precondition {
      condition     = local.package_recorded["package.zip"] == local.package_sha256
      error_message = "lambda/package.zip is not the file that was recorded when it was built (file ${substr(local.package_sha256, 0, 12)}, record ${substr(local.package_recorded["package.zip"], 0, 12)}): somebody replaced it. Find out who, and run `make package`."
    }
  }

  # Lambda checks at creation that the role may write to the dead-letter queue.
  depends_on = [aws_iam_role_policy.function]
}

# Made before the function, so that Lambda does not make one that keeps logs forever.
resource "aws_cloudwatch_log_group" "function" {
  #checkov:skip=CKV_AWS_158:The log holds no secret, and is encrypted with the key of CloudWatch Logs.

  name              = local.log_group_name
  retention_in_days = local.function.log_retention_days
  tags              = var.tags

  depends_on = [aws_iam_role.function] # which has the name: see iam.tf
}

# A run in which any user failed ends in an error, after all others were served; Lambda then tries twice more.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600
}

# --- Events that could not be served --------------------------------------------------------------------------------

resource "aws_sqs_queue" "dead_letters" {
  name                      = local.dead_letter_queue_name
  message_retention_seconds = 1209600 # 14 days, the longest that SQS offers
  sqs_managed_sse_enabled   = true    # the events hold no secret; a customer key would have to admit EventBridge
  policy                    = data.aws_iam_policy_document.dead_letters.json
  tags                      = var.tags

  depends_on = [aws_iam_role.function] # which has the name: see iam.tf
}

locals {
  # The rules that start the function. They put here what they could not deliver.
  rules = concat([local.arn.rule], var.rotate_exposed_keys ? [local.arn.exposed_rule] : [])
}

data "aws_iam_policy_document" "dead_letters" {
  statement {
    sid       = "RulesSendDeadLetters"
    actions   = ["sqs:SendMessage"]
    resources = [local.arn.dead_letters]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = local.rules
    }
  }

  # The function needs no statement here: its role allows it. This denies everyone else, even with a policy of their own:
  # an operator may send a message of this queue to the function again.
  statement {
    sid       = "NobodyElseSends"
    effect    = "Deny"
    actions   = ["sqs:SendMessage"]
    resources = [local.arn.dead_letters]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:PrincipalIsAWSService" # services have no permission but the statement above
      values   = ["false"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = [local.arn.role]
    }
  }

  # Whoever takes a message out hides that an emergency was not served.
  dynamic "statement" {
    for_each = length(var.dead_letter_operator_arns) > 0 ? [var.dead_letter_operator_arns] : []

    content {
      sid       = "OnlyOperatorsTakeOut"
      effect    = "Deny"
      actions   = ["sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:ReceiveMessage"]
      resources = [local.arn.dead_letters]

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "ArnNotLike"
        variable = "aws:PrincipalArn"
        values   = statement.value
      }
    }
  }

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.arn.dead_letters]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}
