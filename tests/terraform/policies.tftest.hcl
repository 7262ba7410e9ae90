# The policies as AWS gets them. A mocked provider makes up the `json` of aws_iam_policy_document, so here is the real one:
# offline, as it renders policies and knows partitions by itself, and a plan of new resources asks AWS nothing. With a
# kms_key given, every policy is known at plan.

provider "aws" {
  region                      = "eu-central-1"
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
  values = { account_id = "111122223333" }
}

override_data {
  target = data.aws_iam_roles.claim
  values = { arns = [] }
}

variables {
  kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought-along", keep_module_key = false }
}

run "role" {
  command = plan

  variables {
    user_tag = { key = "rotate", value = "yes" }
    secret_reader_arns = [
      "arn:aws:iam::111122223333:role/team/deploy",
      "arn:aws:iam::111122223333:user/break-glass",
      "arn:aws:iam::444455556666:role/elsewhere",
    ]
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.function.policy) == jsondecode(jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid    = "FindManagedUsers"
          Effect = "Allow"
          Action = [
            "iam:ListUsers",
            "iam:GetCredentialReport",
            "iam:GetAccountAuthorizationDetails",
            "iam:GenerateCredentialReport",
          ]
          Resource = "*"
        },
        {
          Sid      = "ReadTagsOfUsers"
          Effect   = "Allow"
          Action   = "iam:ListUserTags"
          Resource = "arn:aws:iam::111122223333:user/*"
        },
        {
          Sid       = "ReadKeysOfManagedUsers"
          Effect    = "Allow"
          Action    = ["iam:ListAccessKeys", "iam:GetLoginProfile", "iam:GetAccessKeyLastUsed"]
          Resource  = "arn:aws:iam::111122223333:user/*"
          Condition = { StringEquals = { "aws:ResourceTag/rotate" = "yes" } }
        },
        {
          Sid       = "ChangeKeysOfManagedUsers"
          Effect    = "Allow"
          Action    = ["iam:UpdateAccessKey", "iam:DeleteAccessKey", "iam:CreateAccessKey"]
          Resource  = "arn:aws:iam::111122223333:user/*"
          Condition = { StringEquals = { "aws:ResourceTag/rotate" = "yes" } }
        },
        {
          Sid      = "CheckReadingUsers"
          Effect   = "Allow"
          Action   = "iam:GetUser"
          Resource = "arn:aws:iam::111122223333:user/break-glass"
        },
        {
          Sid      = "CheckReadingRoles"
          Effect   = "Allow"
          Action   = "iam:GetRole"
          Resource = "arn:aws:iam::111122223333:role/team/deploy"
        },
        {
          Sid      = "DescribeSecrets"
          Effect   = "Allow"
          Action   = "secretsmanager:DescribeSecret"
          Resource = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/*"
        },
        {
          Sid      = "CreateOwnSecrets"
          Effect   = "Allow"
          Action   = ["secretsmanager:TagResource", "secretsmanager:CreateSecret"]
          Resource = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/*"
          Condition = {
            StringEquals         = { "aws:RequestTag/access-key-rotation:managed-by" = "access-key-rotation" }
            StringEqualsIfExists = { "aws:ResourceTag/access-key-rotation:managed-by" = "access-key-rotation" }
          }
        },
        {
          Sid    = "KeepOwnSecrets"
          Effect = "Allow"
          Action = [
            "secretsmanager:UpdateSecret",
            "secretsmanager:UntagResource",
            "secretsmanager:TagResource",
            "secretsmanager:RestoreSecret",
            "secretsmanager:RemoveRegionsFromReplication",
            "secretsmanager:PutSecretValue",
            "secretsmanager:GetResourcePolicy",
          ]
          Resource  = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/*"
          Condition = { StringEquals = { "aws:ResourceTag/access-key-rotation:managed-by" = "access-key-rotation" } }
        },
        {
          Sid      = "ProtectOwnSecrets"
          Effect   = "Allow"
          Action   = "secretsmanager:PutResourcePolicy"
          Resource = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/*"
          Condition = {
            StringEquals = { "aws:ResourceTag/access-key-rotation:managed-by" = "access-key-rotation" }
            Bool         = { "secretsmanager:BlockPublicPolicy" = "true" }
          }
        },
        {
          Sid      = "FindOwnSecrets"
          Effect   = "Allow"
          Action   = "secretsmanager:ListSecrets"
          Resource = "*"
        },
        {
          Sid      = "ScheduleDeletionOfOwnSecrets"
          Effect   = "Allow"
          Action   = "secretsmanager:DeleteSecret"
          Resource = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/*"
          Condition = {
            StringEquals  = { "aws:ResourceTag/access-key-rotation:managed-by" = "access-key-rotation" }
            NumericEquals = { "secretsmanager:RecoveryWindowInDays" = "30" }
          }
        },
        {
          Sid      = "NeverReadSecretValues"
          Effect   = "Deny"
          Action   = ["secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"]
          Resource = "*"
        },
        {
          Sid       = "EncryptSecretsAndMessages"
          Effect    = "Allow"
          Action    = ["kms:GenerateDataKey", "kms:Encrypt", "kms:Decrypt"]
          Resource  = "arn:aws:kms:eu-central-1:111122223333:key/brought-along"
          Condition = { StringEquals = { "kms:ViaService" = ["secretsmanager.eu-central-1.amazonaws.com", "sns.eu-central-1.amazonaws.com"] } }
        },
        {
          Sid      = "MoveSecretsFromOtherKeys"
          Effect   = "Allow"
          Action   = "kms:Decrypt"
          Resource = "arn:aws:kms:eu-central-1:*:key/*"
          Condition = {
            StringEquals = { "kms:ViaService" = "secretsmanager.eu-central-1.amazonaws.com" }
            StringLike   = { "kms:EncryptionContext:SecretARN" = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:iam-access-key/*" }
          }
        },
        {
          Sid      = "PublishMessages"
          Effect   = "Allow"
          Action   = "sns:Publish"
          Resource = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation"
        },
        {
          Sid      = "FindSubscriptions"
          Effect   = "Allow"
          Action   = ["sns:ListSubscriptionsByTopic", "sns:GetSubscriptionAttributes"]
          Resource = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation"
        },
        {
          Sid       = "SendEvents"
          Effect    = "Allow"
          Action    = "events:PutEvents"
          Resource  = "arn:aws:events:eu-central-1:111122223333:event-bus/default"
          Condition = { "ForAllValues:StringEquals" = { "events:source" = "iam-access-key-rotation" } }
        },
        {
          Sid      = "ReadSettings"
          Effect   = "Allow"
          Action   = "ssm:GetParametersByPath"
          Resource = "arn:aws:ssm:eu-central-1:111122223333:parameter/access-key-rotation/config"
        },
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:PutLogEvents", "logs:CreateLogStream"]
          Resource = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/lambda/access-key-rotation:*"
        },
        {
          Sid       = "PutMetrics"
          Effect    = "Allow"
          Action    = "cloudwatch:PutMetricData"
          Resource  = "*"
          Condition = { StringEquals = { "cloudwatch:namespace" = "AccessKeyRotation" } }
        },
        {
          Sid      = "KeepEventsThatFailed"
          Effect   = "Allow"
          Action   = "sqs:SendMessage"
          Resource = "arn:aws:sqs:eu-central-1:111122223333:access-key-rotation-dead-letters"
        },
        {
          Sid       = "OnlyThisFunction"
          Effect    = "Deny"
          NotAction = ["sqs:SendMessage", "logs:PutLogEvents", "logs:CreateLogStream", "kms:GenerateDataKey", "kms:Encrypt", "kms:Decrypt"]
          Resource  = "*"
          Condition = {
            ArnNotEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-central-1:111122223333:function:access-key-rotation" }
          }
        },
      ]
    }))
    error_message = "The role's policy is not the one that was reviewed. If the change is wanted, change it here too."
  }

  assert {
    condition = jsondecode(aws_iam_role.claim.assume_role_policy).Statement == [
      { Effect = "Deny", Action = "sts:AssumeRole", Principal = "*" },
    ]
    error_message = "Nobody may assume the role that only claims the tag."
  }

  assert {
    condition = jsondecode(aws_iam_role.function.assume_role_policy) == jsondecode(jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "LambdaRunsTheFunction"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = "lambda.amazonaws.com" }
      }]
    }))
    error_message = "Only Lambda may assume the role."
  }
}

run "role_without_bulk_discovery" {
  command = plan

  variables {
    bulk_discovery = false
  }

  assert {
    condition = !contains(flatten([
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : try(statement.Action, [])
    ]), "iam:GetAccountAuthorizationDetails")
    error_message = "With bulk_discovery = false the role must not be able to read the whole account."
  }
}

run "role_with_options_of_users" {
  command = plan

  variables {
    users = { alice = { first_key = true }, bob = {} }
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Resource if statement.Sid == "ReadSettings"
      ])) == toset([
      "arn:aws:ssm:eu-central-1:111122223333:parameter/access-key-rotation/config",
      "arn:aws:ssm:eu-central-1:111122223333:parameter/access-key-rotation/users",
    ])
    error_message = "The role must be allowed to read the options of users where there are some."
  }
}

run "role_in_a_vpc" {
  command = plan

  variables {
    function = {
      role_path = "/platform/"
      vpc       = { subnet_ids = ["subnet-0a", "subnet-0b"], security_group_ids = ["sg-0c"] }
    }
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement
      if strcontains(jsonencode(try(statement.Action, "")), "ec2:")
      ] == jsondecode(jsonencode([
        {
          Sid      = "FindNetworkInterfaces"
          Effect   = "Allow"
          Action   = ["ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces"]
          Resource = "*"
        },
        {
          Sid      = "ConnectToTheNetwork"
          Effect   = "Allow"
          Action   = ["ec2:UnassignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:CreateNetworkInterface", "ec2:AssignPrivateIpAddresses"]
          Resource = "arn:aws:ec2:eu-central-1:111122223333:*"
        },
        {
          Sid       = "LeaveTheNetworkToLambda"
          Effect    = "Deny"
          Action    = ["ec2:UnassignPrivateIpAddresses", "ec2:DescribeSubnets", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface", "ec2:CreateNetworkInterface", "ec2:AssignPrivateIpAddresses"]
          Resource  = "*"
          Condition = { Null = { "lambda:SourceFunctionArn" = "false" } }
        },
    ]))
    error_message = "In a VPC Lambda, and not the code of a function, may handle network interfaces."
  }

  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : toset(statement.NotAction)
      if statement.Sid == "OnlyThisFunction"
      ]) == toset([
      "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
      "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage",
    ])
    error_message = "Lambda joins the network with the role, and not from within the function."
  }

  assert {
    condition = (
      aws_lambda_function.this.vpc_config[0].subnet_ids == toset(["subnet-0a", "subnet-0b"]) &&
      aws_lambda_function.this.vpc_config[0].security_group_ids == toset(["sg-0c"])
    )
    error_message = "The function must run in the subnets with the security groups."
  }

  # Topic and queue know the role by its full name, path included.
  assert {
    condition = (
      aws_iam_role.function.path == "/platform/" &&
      strcontains(data.aws_iam_policy_document.topic.json, "arn:aws:iam::111122223333:role/platform/access-key-rotation\"") &&
      strcontains(data.aws_iam_policy_document.dead_letters.json, "arn:aws:iam::111122223333:role/platform/access-key-rotation\"")
    )
    error_message = "The role's path must be in its name in the policies."
  }
}

run "role_for_some_users_only" {
  command = plan

  variables {
    user_path_prefix = "/services/"
    never_user_arns  = ["arn:aws:iam::111122223333:user/services/admin"]
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement :
      statement.Resource == "arn:aws:iam::111122223333:user/services/*"
      if contains(["ReadTagsOfUsers", "ReadKeysOfManagedUsers", "ChangeKeysOfManagedUsers"], statement.Sid)
    ])
    error_message = "Users of other paths must be out of the role's reach."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement
      if statement.Sid == "NeverTouchTheseUsers"
      ] == jsondecode(jsonencode([{
        Sid    = "NeverTouchTheseUsers"
        Effect = "Deny"
        Action = [
          "iam:UpdateAccessKey", "iam:ListAccessKeys", "iam:GetLoginProfile", "iam:GetAccessKeyLastUsed",
          "iam:DeleteAccessKey", "iam:CreateAccessKey",
        ]
        Resource = "arn:aws:iam::111122223333:user/services/admin"
    }]))
    error_message = "The role must be denied the keys of users that it must never touch."
  }
}

run "role_without_vpc" {
  command = plan

  assert {
    condition     = !strcontains(data.aws_iam_policy_document.function.json, "ec2:") && length(aws_lambda_function.this.vpc_config) == 0
    error_message = "Outside of a VPC the role must have no permission on the network."
  }
}

run "role_without_readers" {
  command = plan

  assert {
    condition = length(setintersection(
      ["CheckReadingUsers", "CheckReadingRoles"],
      [for statement in jsondecode(data.aws_iam_policy_document.function.json).Statement : statement.Sid],
    )) == 0
    error_message = "Without readers there is no user and no role to look up."
  }
}

run "topic_and_queue" {
  command = plan

  assert {
    condition = jsondecode(data.aws_iam_policy_document.topic.json) == jsondecode(jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "NobodyElsePublishes"
          Effect    = "Deny"
          Action    = "sns:Publish"
          Resource  = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation"
          Principal = "*"
          Condition = { ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/access-key-rotation" } }
        },
        {
          Sid       = "TlsOnly"
          Effect    = "Deny"
          Action    = "sns:Publish"
          Resource  = "arn:aws:sns:eu-central-1:111122223333:access-key-rotation"
          Principal = "*"
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ]
    }))
    error_message = "Only the function may publish, over TLS."
  }

  assert {
    condition = jsondecode(data.aws_iam_policy_document.dead_letters.json) == jsondecode(jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "RulesSendDeadLetters"
          Effect    = "Allow"
          Action    = "sqs:SendMessage"
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:access-key-rotation-dead-letters"
          Principal = { Service = "events.amazonaws.com" }
          Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-central-1:111122223333:rule/access-key-rotation" } }
        },
        {
          Sid       = "NobodyElseSends"
          Effect    = "Deny"
          Action    = "sqs:SendMessage"
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:access-key-rotation-dead-letters"
          Principal = "*"
          Condition = {
            Bool         = { "aws:PrincipalIsAWSService" = "false" }
            ArnNotEquals = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/access-key-rotation" }
          }
        },
        {
          Sid       = "TlsOnly"
          Effect    = "Deny"
          Action    = "sqs:*"
          Resource  = "arn:aws:sqs:eu-central-1:111122223333:access-key-rotation-dead-letters"
          Principal = "*"
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ]
    }))
    error_message = "Only this rule and the function may send dead letters, over TLS."
  }
}

run "dead_letters_for_operators_only" {
  command = plan

  variables {
    dead_letter_operator_arns = ["arn:aws:iam::111122223333:role/on-call"]
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.dead_letters.json).Statement : statement
      if statement.Sid == "OnlyOperatorsTakeOut"
      ] == jsondecode(jsonencode([{
        Sid       = "OnlyOperatorsTakeOut"
        Effect    = "Deny"
        Action    = ["sqs:ReceiveMessage", "sqs:PurgeQueue", "sqs:DeleteMessage"]
        Resource  = "arn:aws:sqs:eu-central-1:111122223333:access-key-rotation-dead-letters"
        Principal = "*"
        Condition = { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::111122223333:role/on-call" } }
    }]))
    error_message = "Nobody but the operators may take a dead letter out."
  }
}

run "key" {
  command = plan

  variables {
    secret_reader_arns = ["arn:aws:iam::111122223333:role/deploy", "arn:aws:iam::444455556666:role/elsewhere"]
    users = {
      alice = { reader_arns = ["arn:aws:iam::111122223333:role/of-alice", "arn:aws:iam::777788889999:role/of-alice"] }
      bob   = { reader_arns = ["arn:aws:iam::444455556666:role/elsewhere"] }
    }
  }

  assert {
    condition = jsondecode(output.kms_key_policy_statements) == jsondecode(jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "AccountEncryptsThroughSecretsManagerAndSns"
          Effect    = "Allow"
          Action    = ["kms:GenerateDataKey", "kms:Encrypt", "kms:Decrypt"]
          Resource  = "*"
          Principal = { AWS = "arn:aws:iam::111122223333:root" }
          Condition = { StringEquals = { "kms:ViaService" = ["secretsmanager.eu-central-1.amazonaws.com", "sns.eu-central-1.amazonaws.com"] } }
        },
        {
          Sid       = "ReadersDecryptThroughSecretsManager"
          Effect    = "Allow"
          Action    = "kms:Decrypt"
          Resource  = "*"
          Principal = { AWS = "*" }
          Condition = {
            StringEquals = {
              "kms:CallerAccount" = "111122223333"
              "kms:ViaService"    = "secretsmanager.eu-central-1.amazonaws.com"
            }
          }
        },
        {
          Sid       = "ReadersOfOtherAccountsDecryptThroughSecretsManager"
          Effect    = "Allow"
          Action    = "kms:Decrypt"
          Resource  = "*"
          Principal = { AWS = ["arn:aws:iam::777788889999:role/of-alice", "arn:aws:iam::444455556666:role/elsewhere"] }
          Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.eu-central-1.amazonaws.com" } }
        },
        {
          Sid       = "AlarmsPublishToTheTopic"
          Effect    = "Allow"
          Action    = ["kms:GenerateDataKey*", "kms:Decrypt"]
          Resource  = "*"
          Principal = { Service = "cloudwatch.amazonaws.com" }
          Condition = { StringEquals = { "aws:SourceAccount" = "111122223333" } }
        },
      ]
    }))
    error_message = "A key may be used through Secrets Manager and SNS only."
  }

  # The module's own key: these statements and administration, which must not include any use.
  assert {
    condition = alltrue([
      for statement in jsondecode(data.aws_iam_policy_document.kms_key.json).Statement : alltrue([
        for action in flatten([statement.Action]) :
        !can(regex("[*]|Encrypt|Decrypt|DataKey|CreateGrant|Sign|Mac", action))
      ]) if statement.Sid == "AccountAdministersTheKey"
    ])
    error_message = "Administration must not include the use of the key, nor grants."
  }

  assert {
    condition = join(" ", [for statement in jsondecode(data.aws_iam_policy_document.kms_key.json).Statement : statement.Sid]) == join(" ", concat(
      [for statement in jsondecode(output.kms_key_policy_statements).Statement : statement.Sid], ["AccountAdministersTheKey"]
    ))
    error_message = "The module's key must have the statements that any key needs, and administration."
  }
}

run "key_without_readers_elsewhere" {
  command = plan

  assert {
    condition     = length(jsondecode(output.kms_key_policy_statements).Statement) == 3
    error_message = "Without readers of other accounts no statement may admit any."
  }
}

run "key_without_alarms" {
  command = plan

  variables {
    monitoring = { enabled = false }
  }

  assert {
    condition = [for statement in jsondecode(output.kms_key_policy_statements).Statement : statement.Sid] == [
      "AccountEncryptsThroughSecretsManagerAndSns", "ReadersDecryptThroughSecretsManager",
    ]
    error_message = "Without alarms CloudWatch must not use the key."
  }
}

run "china" {
  command = plan

  providers = {
    aws = aws.china
  }

  variables {
    kms_key  = { arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/brought-along", keep_module_key = false }
    function = { vpc = { subnet_ids = ["subnet-0a"], security_group_ids = ["sg-0c"] } }
  }

  assert {
    condition = alltrue([
      for json in [
        data.aws_iam_policy_document.function.json, data.aws_iam_policy_document.topic.json,
        data.aws_iam_policy_document.dead_letters.json, data.aws_iam_policy_document.kms_key.json,
      ] : !strcontains(json, "arn:aws:")
    ])
    error_message = "A policy names the wrong partition."
  }

  # Which suffix KMS sees there is not documented beyond doubt: both are admitted.
  assert {
    condition     = local.via_secretsmanager == ["secretsmanager.cn-north-1.amazonaws.com", "secretsmanager.cn-north-1.amazonaws.com.cn"]
    error_message = "The key must be usable through Secrets Manager of China."
  }
}

run "govcloud" {
  command = plan

  providers = {
    aws = aws.govcloud
  }

  variables {
    kms_key  = { arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/brought-along", keep_module_key = false }
    function = { vpc = { subnet_ids = ["subnet-0a"], security_group_ids = ["sg-0c"] } }
  }

  assert {
    condition = alltrue([
      for json in [
        data.aws_iam_policy_document.function.json, data.aws_iam_policy_document.topic.json,
        data.aws_iam_policy_document.dead_letters.json, data.aws_iam_policy_document.kms_key.json,
      ] : !strcontains(json, "arn:aws:")
    ])
    error_message = "A policy names the wrong partition."
  }

  assert {
    condition     = local.via_sns == ["sns.us-gov-west-1.amazonaws.com"]
    error_message = "The key must be usable through SNS of GovCloud."
  }
}

run "no_secret_is_deleted_unless_wanted" {
  command = plan

  variables {
    deleted_user_secret_retention_days = 0
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.function.policy, "secretsmanager:DeleteSecret")
    error_message = "With deleted_user_secret_retention_days = 0 the role must not be able to delete secrets."
  }
}
