# examples/delivery: the roles that a job of GitHub Actions and a cluster assume to read one secret. A mocked provider would make
# up the policies, so here is the real one, offline.

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variables {
  secret_arn  = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:iam-access-key/build-agent-a1B2c3"
  kms_key_arn = "arn:aws:kms:eu-west-1:111122223333:key/brought-along"
}

run "one_subject_reads_one_secret" {
  command = plan

  module {
    source = "./examples/delivery/oidc-reader"
  }

  variables {
    name              = "read-key-of-build-agent"
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
    subject           = "system:serviceaccount:build:read-key-of-build-agent"
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy) == jsondecode(jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "OnlyThisSubject"
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF" }
        Condition = {
          StringEquals = {
            "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF:aud" = "sts.amazonaws.com"
            "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF:sub" = "system:serviceaccount:build:read-key-of-build-agent"
          }
        }
      }]
    }))
    error_message = "Only a token of that issuer, for AWS, with that subject may assume the role."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.this.policy) == jsondecode(jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "ReadTheSecret"
          Effect   = "Allow"
          Action   = "secretsmanager:GetSecretValue"
          Resource = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:iam-access-key/build-agent-a1B2c3"
        },
        {
          Sid      = "DecryptTheSecret"
          Effect   = "Allow"
          Action   = "kms:Decrypt"
          Resource = "arn:aws:kms:eu-west-1:111122223333:key/brought-along"
          Condition = {
            StringEquals = {
              "kms:ViaService"                  = "secretsmanager.eu-west-1.amazonaws.com"
              "kms:EncryptionContext:SecretARN" = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:iam-access-key/build-agent-a1B2c3"
            }
          }
        },
      ]
    }))
    error_message = "The role must be able to read that secret, and nothing else."
  }
}

run "no_wildcards" {
  command = plan

  module {
    source = "./examples/delivery/oidc-reader"
  }

  variables {
    name              = "read-key-of-build-agent"
    oidc_provider_arn = "token.actions.githubusercontent.com"
    subject           = "repo:octo-org/*"
    secret_arn        = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:iam-access-key/*"
  }

  expect_failures = [var.oidc_provider_arn, var.subject, var.secret_arn]
}

run "github_actions" {
  command = plan

  module {
    source = "./examples/delivery/github-actions"
  }

  override_data {
    target = data.aws_iam_openid_connect_provider.github
    values = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" }
  }

  variables {
    repository = "octo-org/deployments"
  }

  assert {
    condition     = data.aws_iam_openid_connect_provider.github.url == "https://token.actions.githubusercontent.com"
    error_message = "The provider must be GitHub's."
  }
}

run "external_secrets" {
  command = plan

  module {
    source = "./examples/delivery/external-secrets"
  }

  variables {
    oidc_provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
  }
}
