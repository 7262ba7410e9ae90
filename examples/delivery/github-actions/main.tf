# The role that the job of deploy.yml assumes to read the key of build-agent. GitHub is an OpenID Connect provider, which an
# account has once: https://token.actions.githubusercontent.com, with the audience sts.amazonaws.com.

data "aws_iam_openid_connect_provider" "github" {
  url = "https://token.actions.githubusercontent.com"
}

module "reader" {
  source = "../oidc-reader"

  name              = "read-key-of-build-agent"
  oidc_provider_arn = data.aws_iam_openid_connect_provider.github.arn
  # Jobs of this environment of this repository. In the repository's settings, choose the branches that may deploy to it.
  subject     = "repo:${var.repository}:environment:production"
  secret_arn  = var.secret_arn
  kms_key_arn = var.kms_key_arn
}
