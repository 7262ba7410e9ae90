# Security Hub CSPM takes a secret that AWS's own rotation does not rotate for one that nobody rotates: SecretsManager.1 and
# SecretsManager.4. A secret that its owner reads once in 90 days counts as unused from time to time: SecretsManager.3. This
# suppresses these findings for our secrets, by the tag that the function puts on them. All other findings about them stay, and
# so do IAM.3 and IAM.22, which look at the keys themselves. See docs/compliance.md.
#
# Security Hub CSPM must be on in the account and region. In an organization, only the administrator's account can have such rules:
# put the rule there, with `aws_account_id` among its criteria if not every account should be suppressed.

resource "aws_securityhub_automation_rule" "secrets" {
  count = var.suppress_security_hub_findings ? 1 : 0

  rule_name   = "${var.name}-secrets"
  rule_order  = 100
  description = "Secrets of IAM access key rotation: the function ${var.name} rotates them, and not Secrets Manager."
  tags        = var.tags

  criteria {
    dynamic "compliance_security_control_id" {
      for_each = toset(["SecretsManager.1", "SecretsManager.3", "SecretsManager.4"])

      content {
        comparison = "EQUALS"
        value      = compliance_security_control_id.value
      }
    }

    # No other product can have a finding suppressed so. Its name would not do: AWS has called it "Security Hub" and "Security
    # Hub CSPM", and others can give their findings any name. The ARN has a region, and stays.
    product_arn {
      comparison = "CONTAINS"
      value      = "::product/aws/securityhub"
    }

    record_state {
      comparison = "EQUALS"
      value      = "ACTIVE"
    }

    resource_type {
      comparison = "EQUALS"
      value      = "AwsSecretsManagerSecret"
    }

    # Of this installation. The tag alone would not do: whoever may tag another secret could hide its findings.
    resource_id {
      comparison = "CONTAINS"
      value      = ":secret:${var.secret_name_prefix}"
    }

    resource_tags {
      comparison = "EQUALS"
      key        = "access-key-rotation:managed-by"
      value      = var.name
    }
  }

  actions {
    type = "FINDING_FIELDS_UPDATE"

    finding_fields_update {
      note {
        text       = "Holds an IAM access key, which the function ${var.name} rotates. Evidence: key-rotation report, IAM.3."
        updated_by = var.name
      }

      workflow {
        status = "SUPPRESSED"
      }
    }
  }
}
