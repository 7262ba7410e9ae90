# The settings that the function reads at each run: one SSM parameter for each. What a setting means is in variables.tf.

locals {
  settings = {
    name = var.name

    max_key_age_days               = tostring(var.max_key_age_days)
    warn_before_days               = tostring(var.warn_before_days)
    grace_days                     = tostring(var.grace_days)
    min_grace_days_without_console = tostring(var.min_grace_days_without_console)
    remind_before_days             = tostring(var.remind_before_days)
    hold_until_moved               = tostring(var.hold_until_moved)
    hold_while_used_days           = tostring(var.hold_while_used_days)
    max_overlap_days               = tostring(var.max_overlap_days)
    delete_after_days              = tostring(var.delete_after_days)
    idle_after_days                = tostring(var.idle_after_days)
    disable_unused_after_days      = tostring(var.disable_unused_after_days)

    user_tag                  = jsonencode(local.user_tag)
    coverage_exempt_tag       = jsonencode(try({ key = tostring(var.coverage_exempt_tag.key), value = tostring(var.coverage_exempt_tag.value) }, null))
    dry_run                   = tostring(var.dry_run)
    max_rotations_per_run     = tostring(var.max_rotations_per_run)
    max_iam_writes_per_second = tostring(var.max_iam_writes_per_second)
    bulk_discovery            = tostring(var.bulk_discovery)

    user_path_prefix = var.user_path_prefix
    never_user_arns  = jsonencode(var.never_user_arns)

    secret_name_prefix                 = var.secret_name_prefix
    secret_reader_arns                 = jsonencode(var.secret_reader_arns)
    user_options_sha256                = local.user_options_sha256
    secret_tags                        = jsonencode(var.tags)
    kms_key_arn                        = local.kms_key_arn
    deleted_user_secret_retention_days = tostring(var.deleted_user_secret_retention_days)

    require_confirmed_subscription = tostring(var.require_confirmed_subscription)
    operator_emails                = jsonencode(var.operator_emails)
    topic_arn                      = aws_sns_topic.this.arn
    event_bus_arn                  = local.arn.event_bus
  }
}

# These settings decide who can read a key, and who is notified. Whoever may change a parameter must not decide that, so the
# environment of the function has their hashes, and a run ends before its first change if one differs. See docs/adr/0024.
locals {
  pinned_settings = {
    for name in [
      "kms_key_arn", "operator_emails", "require_confirmed_subscription", "secret_name_prefix", "secret_reader_arns", "topic_arn",
      "user_options_sha256", "user_tag",
    ] : name => sha256(local.settings[name])
  }
}

resource "aws_ssm_parameter" "setting" {
  #checkov:skip=CKV2_AWS_34:No setting is a secret: plans should show what changes.

  for_each = local.settings

  name           = "${local.config_path}/${each.key}"
  description    = "Setting ${each.key} of the IAM access key rotation ${var.name}."
  type           = "String"
  insecure_value = each.value
  tags           = var.tags
}

# --- All names in `users` ---------------------------------------------------------------------------------------------
# So that a run can say which of them is no managed user's: true for an entry with an address. They decide nothing, so they are
# not pinned, and beside the settings, which a run reads anyway: a few cost no call. Many are first put into groups by a hash
# of their names, so that one more changes the parameter of one group.

locals {
  user_names = { for name, user in local.users : name => user.email != null }

  number_of_user_name_groups = pow(2, max(0, ceil(log(max(1, length(jsonencode(local.user_names)) / 3200), 2))))
  user_name_groups = {
    for name in keys(local.user_names) :
    format("%03d", parseint(substr(sha256(name), 0, 8), 16) % local.number_of_user_name_groups) => name...
  }

  # Of 56 names not even the longest exceed the 4 KB of a parameter. A group is usually whole.
  user_name_chunks = merge({}, [
    for group, names in local.user_name_groups : {
      for i, chunk in length(jsonencode(names)) + 6 * length(names) <= 4096 ? [names] : chunklist(names, 56) :
      format("user_names-%s-%03d", group, i) => jsonencode({ for name in chunk : name => local.user_names[name] })
    }
  ]...)
}

resource "aws_ssm_parameter" "user_names" {
  #checkov:skip=CKV2_AWS_34:No name is a secret: plans should show what changes.

  for_each = local.user_name_chunks

  name           = "${local.config_path}/${each.key}"
  description    = "Names of users of the IAM access key rotation ${var.name}."
  type           = "String"
  insecure_value = each.value
  tags           = var.tags
}

# --- What the entries of `users` say --------------------------------------------------------------------------------
# Most installations have a few users with options, some have thousands. So they are in chunks, each a parameter of at most 4 KB,
# the most that a standard one holds.

locals {
  # Of each user who has some, their options.
  user_options = {
    for name, user in local.users : name => merge(
      { for option, value in { first_key = user.first_key } : option => value if value },
      { for option, list in { reader_arns = user.reader_arns, smtp_regions = user.smtp_regions } : option => list if length(list) > 0 },
    )
    if user.first_key || length(user.reader_arns) + length(user.smtp_regions) > 0
  }

  # A few get a chunk each: so Terraform knows how many there are before it knows the ARN of a role that the same apply makes.
  few_user_options = length(local.user_options) <= 20

  # Many are first put into groups of some 160 by a hash of their names. So a change of one user changes the chunks of one group.
  number_of_user_option_groups = pow(2, max(0, ceil(log(max(1, length(local.user_options)) / 160, 2))))
  user_option_groups = {
    for name in keys(local.user_options) :
    format("%02d", parseint(substr(sha256(name), 0, 8), 16) % local.number_of_user_option_groups) => name...
  }

  # Of each group, how many users are in each of its chunks. HCL cannot add up as it goes, but a regular expression can: each
  # user is written as a mark, a character for every 16 bytes of their JSON, the last one "|". As many marks as fit into 256
  # characters are a chunk.
  user_option_counts = {
    for group, names in local.user_option_groups : group => [
      for marks in regexall(".{0,255}\\|", join("", [
        for name in names :
        format("%${local.few_user_options ? 256 : ceil(length(jsonencode({ (name) = local.user_options[name] })) / 16)}s", "|")
      ])) : length(regexall("\\|", marks))
    ]
  }

  user_option_chunks = merge({}, [
    for group, counts in local.user_option_counts : {
      for i, count in counts : format("%s-%03d", group, i) => jsonencode({
        for name in slice(local.user_option_groups[group], sum(concat([0], slice(counts, 0, i))), sum(slice(counts, 0, i + 1))) :
        name => local.user_options[name]
      })
    }
  ]...)

  # Of all of them: a parameter that is missing, was added, or was changed shows (key_rotation/domain/user_options.py). It is a
  # setting, so that AWS dates its last change, also that in which the last option goes. See docs/adr/0021.
  # The marks behind it let the function name the parameter. Of more than 250 they do not fit into 4 KB.
  user_options_sha256 = join(" ", concat(
    [sha256(join("", [for key, chunk in local.user_option_chunks : "${sha256(chunk)}  ${key}\n"]))],
    [for key, chunk in local.user_option_chunks : "${key}:${substr(sha256(chunk), 0, 8)}" if length(local.user_option_chunks) <= 250],
  ))
}

resource "aws_ssm_parameter" "user_options" {
  #checkov:skip=CKV2_AWS_34:No option is a secret: plans should show what changes.

  for_each = local.user_option_chunks

  name           = "${local.user_options_path}/${each.key}"
  description    = "Options of users of the IAM access key rotation ${var.name}."
  type           = "String"
  insecure_value = each.value
  tags           = var.tags
}
