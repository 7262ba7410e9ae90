# The role that External Secrets assumes to read the key of build-agent: with a token of the ServiceAccount in
# service-account.yaml, from the cluster's OpenID Connect provider (on EKS: IAM roles for service accounts).

module "reader" {
  source = "../oidc-reader"

  name              = "read-key-of-build-agent"
  oidc_provider_arn = var.oidc_provider_arn
  subject           = "system:serviceaccount:build:read-key-of-build-agent"
  secret_arn        = var.secret_arn
  kms_key_arn       = var.kms_key_arn
}
