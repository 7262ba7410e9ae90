# Terraform drops unknown attributes of an object type in silence. So variables that are objects accept any type, and their
# validations refuse unknown fields by name. Their defaults are in the local values of the same name.

locals {
  fields = {
    user       = ["email", "first_key", "reader_arns", "smtp_regions"]
    user_tag   = ["key", "value"]
    exempt_tag = ["key", "value"]
    kms_key    = ["arn", "keep_module_key"]
    monitoring = ["alarm_action_arns", "enabled", "missed_run_alarm_hours", "overdue_alarm_days"]
    function = [
      "architecture", "log_retention_days", "memory_mb", "permissions_boundary_arn", "reserved_concurrency", "role_path",
      "runtime", "timeout_seconds", "vpc",
    ]
    vpc = ["security_group_ids", "subnet_ids"]
  }

  email_address         = "^[^\\s@<>(),;:\"]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$"
  log_retention_periods = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
}

# --- Whose keys are rotated, and who hears of it ---------------------------------------------------------------------

variable "operator_emails" {
  description = "E-mail addresses of the operators: they get the digest of each run that has something to say, and messages about users who have no address. Each address must confirm its subscription, and with `monitoring` a second one, to the alarms."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.operator_emails : can(regex(local.email_address, email))])
    error_message = "operator_emails must be plain addresses such as platform@example.com. Look at: ${join(", ", [for email in var.operator_emails : email if !can(regex(local.email_address, email))])}."
  }

  validation {
    condition     = length(jsonencode(var.operator_emails)) <= 4096
    error_message = "operator_emails must fit into 4096 characters, the size of an SSM parameter. Use a mailing list."
  }
}

variable "users" {
  description = "IAM users by name, whose secret Terraform makes in advance: `{ alice = { email = \"alice@example.com\" }, build-agent = {} }`. The tag alone decides whose keys are rotated. `email`: who gets the messages about this user. SNS allows 200 addresses here and in `operator_emails` together, unless AWS raises your quota of filter policies. `reader_arns` ([]): ARNs of IAM roles and users that may read this user's secret, as those of `secret_reader_arns` may read every secret; `min_grace_days_without_console` does not apply to this user then. `first_key` (false): whether the function makes the first key of a managed user who has none, so that no key is in a Terraform state. `smtp_regions` ([]): regions for which the secret holds a password of the SMTP interface of Amazon SES, too. When it plans, Terraform must know who has one of these three and how many ARNs; if more than 20 users do, the values, too. Then write a role of the same configuration as `format(\"arn:aws:iam::123456789012:role/%s\", aws_iam_role.deploy.name)`."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition     = can(keys(var.users))
    error_message = "users must be a map from the names of IAM users to objects, such as { alice = { email = \"alice@example.com\" } }."
  }

  validation {
    condition     = length(try([for name in keys(var.users) : name if !can(keys(var.users[name]))], [])) == 0
    error_message = "users: an entry must be an object such as { email = \"alice@example.com\" }, or {}. This is none: ${try(join(", ", [for name in keys(var.users) : name if !can(keys(var.users[name]))]), "")}."
  }

  validation {
    condition     = length(try(flatten([for name, user in var.users : setsubtract(try(keys(user), []), local.fields.user)]), [])) == 0
    error_message = "users: there is no field ${try(join(", ", flatten([for name, user in var.users : [for field in setsubtract(try(keys(user), []), local.fields.user) : "${field} (of ${name})"]])), "")}. An entry has: ${join(", ", local.fields.user)}."
  }

  validation {
    condition     = alltrue([for name in try(keys(var.users), []) : can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", name))])
    error_message = "users: a key must be the name of an IAM user without its path: 1 to 64 letters, digits and _+=,.@-. This is none: ${join(", ", [for name in try(keys(var.users), []) : name if !can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", name))])}."
  }

  validation {
    condition     = length(toset([for name in try(keys(var.users), []) : lower(name)])) == length(try(keys(var.users), []))
    error_message = "users: IAM ignores upper and lower case in names, so these are one user: ${join("; ", [for names in values({ for name in try(keys(var.users), []) : lower(name) => name... }) : join(", ", names) if length(names) > 1])}. Remove one."
  }

  validation {
    condition     = alltrue(try([for user in var.users : try(user.email, null) == null || can(regex(local.email_address, user.email))], []))
    error_message = "users: an email must be a plain address such as alice@example.com, or be left out. Look at: ${try(join(", ", [for name, user in var.users : name if !(try(user.email, null) == null || can(regex(local.email_address, user.email)))]), "")}."
  }

  validation {
    condition     = alltrue(try([for names in values({ for name, user in var.users : user.email => name... if can(tostring(user.email)) && try(user.email, null) != null }) : length(names) <= 149], []))
    error_message = "users: at most 149 users can share one email, the most that an SNS filter policy takes. Put an address that hears of everything into operator_emails."
  }

  validation {
    condition     = length(try([for name, user in var.users : name if !(try(user.reader_arns, null) == null || try(alltrue([for arn in tolist(user.reader_arns) : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9_+=,.@/-]+$", arn))]) && length(distinct(tolist(user.reader_arns))) == length(tolist(user.reader_arns)), false))], [])) == 0
    error_message = "users: reader_arns must be a list of ARNs of IAM users or roles (arn:aws:iam::123456789012:role/name), without wildcards, each once. For an assumed role (arn:aws:sts::...), give the role. Look at: ${try(join(", ", [for name, user in var.users : name if !(try(user.reader_arns, null) == null || try(alltrue([for arn in tolist(user.reader_arns) : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9_+=,.@/-]+$", arn))]) && length(distinct(tolist(user.reader_arns))) == length(tolist(user.reader_arns)), false))]), "")}."
  }

  validation {
    condition     = length(try([for name, user in var.users : name if !(try(user.first_key, null) == null || can(tobool(user.first_key)))], [])) == 0
    error_message = "users: first_key must be true or false. Look at: ${try(join(", ", [for name, user in var.users : name if !(try(user.first_key, null) == null || can(tobool(user.first_key)))]), "")}."
  }

  validation {
    condition     = length(try([for name, user in var.users : name if !(try(user.smtp_regions, null) == null || try(alltrue([for region in tolist(user.smtp_regions) : can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", region))]) && length(distinct(tolist(user.smtp_regions))) == length(tolist(user.smtp_regions)), false))], [])) == 0
    error_message = "users: smtp_regions must be a list of regions such as eu-west-1, each once. Look at: ${try(join(", ", [for name, user in var.users : name if !(try(user.smtp_regions, null) == null || try(alltrue([for region in tolist(user.smtp_regions) : can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", region))]) && length(distinct(tolist(user.smtp_regions))) == length(tolist(user.smtp_regions)), false))]), "")}."
  }

  # As settings.tf writes them, with the name, into a parameter.
  validation {
    condition     = length(try([for name, user in var.users : name if length(jsonencode({ (name) = { for option, value in user : option => value if option != "email" && value != null } })) > 4096], [])) == 0
    error_message = "users: the options of a user must fit into 4096 characters of JSON, the size of an SSM parameter. Use one role that all readers of a user assume. Look at: ${try(join(", ", [for name, user in var.users : name if length(jsonencode({ (name) = { for option, value in user : option => value if option != "email" && value != null } })) > 4096]), "")}."
  }
}

variable "user_tag" {
  description = "The tag of IAM users whose keys are rotated: `key` (\"access-key-rotation\") and `value` (\"enabled\"). IAM ignores upper and lower case in the key, but not in the value. One installation in an account can have a tag: [a plan of a second one is refused](operations.md#two-installations-in-one-account)."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition     = can(keys(var.user_tag))
    error_message = "user_tag must be an object such as { key = \"access-key-rotation\", value = \"enabled\" }."
  }

  validation {
    condition     = length(setsubtract(try(keys(var.user_tag), []), local.fields.user_tag)) == 0
    error_message = "user_tag: there is no field ${join(", ", setsubtract(try(keys(var.user_tag), []), local.fields.user_tag))}. It has: ${join(", ", local.fields.user_tag)}."
  }

  validation {
    condition     = try(var.user_tag.key, null) == null || can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,102}$", var.user_tag.key)) && !can(regex("^(?i:aws:)", var.user_tag.key))
    error_message = "user_tag.key must have 1 to 102 characters (letters, digits, spaces and _.:/=+-@), which leaves room for override tags such as <key>:disable-unused-after-days, and must not begin with aws:."
  }

  validation {
    condition     = try(var.user_tag.value, null) == null || can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,256}$", var.user_tag.value))
    error_message = "user_tag.value must have 1 to 256 characters: letters, digits, spaces and _.:/=+-@."
  }
}

variable "coverage_exempt_tag" {
  description = "The tag of IAM users who may have keys that nobody rotates: an object with `key` and `value`, such as `{ key = \"access-key-rotation\", value = \"exempt\" }`. All others who are not managed and have active keys are counted by two metrics and listed by `key-rotation status --unmanaged` and, on Mondays, in the digest. Whoever may tag users can hide a user by it. Null means no such tag."
  type        = any
  default     = null

  validation {
    condition     = var.coverage_exempt_tag == null || can(keys(var.coverage_exempt_tag))
    error_message = "coverage_exempt_tag must be an object such as { key = \"access-key-rotation\", value = \"exempt\" }, or null."
  }

  validation {
    condition     = length(setsubtract(try(keys(var.coverage_exempt_tag), []), local.fields.exempt_tag)) == 0
    error_message = "coverage_exempt_tag: there is no field ${join(", ", setsubtract(try(keys(var.coverage_exempt_tag), []), local.fields.exempt_tag))}. It has: ${join(", ", local.fields.exempt_tag)}."
  }

  validation {
    condition     = !can(keys(var.coverage_exempt_tag)) || can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", var.coverage_exempt_tag.key)) && !can(regex("^(?i:aws:)", var.coverage_exempt_tag.key))
    error_message = "coverage_exempt_tag.key must have 1 to 128 characters: letters, digits, spaces and _.:/=+-@. It must not begin with aws:."
  }

  validation {
    condition     = !can(keys(var.coverage_exempt_tag)) || can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,256}$", var.coverage_exempt_tag.value))
    error_message = "coverage_exempt_tag.value must have 1 to 256 characters: letters, digits, spaces and _.:/=+-@."
  }

  validation {
    condition     = !try(lower(var.coverage_exempt_tag.key) == lower(local.user_tag.key) && var.coverage_exempt_tag.value == local.user_tag.value, false)
    error_message = "coverage_exempt_tag must not be user_tag, which makes a user managed. Give it another key or another value."
  }
}

variable "user_path_prefix" {
  description = "IAM path under which users can be managed, such as \"/services/\": IAM denies the function the keys of all others, whatever their tags. A tagged user elsewhere is reported (`out_of_reach`) and left alone."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([A-Za-z0-9_+=,.@-]+/)*$", var.user_path_prefix)) && length(var.user_path_prefix) <= 512
    error_message = "user_path_prefix must begin and end with a slash, with letters, digits and _+=,.@- between them, such as / or /services/, at most 512 characters."
  }
}

variable "never_user_arns" {
  description = "ARNs of IAM users whose keys the function must never touch, whatever their tags: break-glass users and administrators, for example. IAM denies it. If somebody renames or moves such a user, the ARN must follow."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.never_user_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:user/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "never_user_arns must be ARNs of IAM users (arn:aws:iam::123456789012:user/name), without wildcards."
  }

  validation {
    condition     = length(jsonencode(var.never_user_arns)) <= 2048
    error_message = "never_user_arns must fit into 2048 characters, since the role's policy holds them. Keep such users out of user_path_prefix instead."
  }
}

# --- The life of a key, in days -------------------------------------------------------------------------------------
# A rule across variables is with the variable that you would most likely change.

variable "max_key_age_days" {
  description = "Age in days at which an access key is rotated. CIS AWS Foundations and Security Hub CSPM ask for 90."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.max_key_age_days >= 2 && var.max_key_age_days <= 3650 && floor(var.max_key_age_days) == var.max_key_age_days
    error_message = "max_key_age_days must be a whole number of days from 2 to 3650."
  }
}

variable "warn_before_days" {
  description = "Days before the rotation of a key at which its owner is warned. 0 means no warning."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.warn_before_days >= 0 && floor(var.warn_before_days) == var.warn_before_days
    error_message = "warn_before_days must be a whole number of days, 0 or more."
  }

  validation {
    condition     = var.warn_before_days < var.max_key_age_days
    error_message = "warn_before_days must be less than max_key_age_days: otherwise every new key would be warned about at once."
  }
}

variable "grace_days" {
  description = "Days after a rotation in which the old and the new key both work. 0 disables the old key at once, but only if the user can fetch the new one without it."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.grace_days >= 0 && floor(var.grace_days) == var.grace_days
    error_message = "grace_days must be a whole number of days, 0 or more."
  }
}

variable "min_grace_days_without_console" {
  description = "Minimum grace in days for users without a console password, who need the old key to fetch the new one. It does not apply to a user whose secret somebody else may read (`secret_reader_arns`, or the user's `reader_arns`)."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.min_grace_days_without_console >= 1 && floor(var.min_grace_days_without_console) == var.min_grace_days_without_console
    error_message = "min_grace_days_without_console must be a whole number of days, 1 or more: with 0 a service user would lose its old key before it could fetch the new one."
  }
}

variable "remind_before_days" {
  description = "Days before an old key is disabled at which an owner who has not moved to the new key is reminded. 0 means no reminder."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.remind_before_days >= 0 && floor(var.remind_before_days) == var.remind_before_days
    error_message = "remind_before_days must be a whole number of days, 0 (no reminder) or more."
  }

  validation {
    condition     = var.grace_days == 0 || var.remind_before_days < var.grace_days
    error_message = "remind_before_days (${var.remind_before_days}) must be less than grace_days (${var.grace_days}), unless that is 0: a reminder beyond the grace would have to come before the new key. 0 means no reminder."
  }

  validation {
    condition     = var.remind_before_days < var.min_grace_days_without_console
    error_message = "remind_before_days (${var.remind_before_days}) must be less than min_grace_days_without_console (${var.min_grace_days_without_console}): a reminder beyond the grace would have to come before the new key. 0 means no reminder."
  }
}

variable "hold_until_moved" {
  description = "Whether an old key stays active after its grace, up to `max_overlap_days`, while nobody uses the new key and the old one is still used, or nobody fetched the new one and only a key can fetch it."
  type        = bool
  default     = true
  nullable    = false
}

variable "hold_while_used_days" {
  description = "If an old key was used within this many days, it stays active, up to `max_overlap_days`. 0 means that use never holds a key."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.hold_while_used_days >= 0 && floor(var.hold_while_used_days) == var.hold_while_used_days
    error_message = "hold_while_used_days must be a whole number of days, 0 (never hold) or more."
  }
}

variable "max_overlap_days" {
  description = "Days after a rotation at which the old key is disabled even if it is held, once the operators have known of it for `remind_before_days`, a day at the least."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.max_overlap_days >= 1 && floor(var.max_overlap_days) == var.max_overlap_days
    error_message = "max_overlap_days must be a whole number of days, 1 or more."
  }

  # It implies the next two, which are left for installations without hold_until_moved.
  validation {
    condition     = !var.hold_until_moved || var.max_overlap_days >= max(var.grace_days, var.min_grace_days_without_console) + max(1, var.remind_before_days)
    error_message = "max_overlap_days (${var.max_overlap_days}) must be at least ${max(var.grace_days, var.min_grace_days_without_console) + max(1, var.remind_before_days)}: the longer of grace_days (${var.grace_days}) and min_grace_days_without_console (${var.min_grace_days_without_console}), plus remind_before_days (${var.remind_before_days}), at least 1. Otherwise hold_until_moved has no room to hold a key. Raise max_overlap_days, or set hold_until_moved to false."
  }

  validation {
    condition     = var.hold_until_moved || var.max_overlap_days >= var.grace_days
    error_message = "max_overlap_days must be at least grace_days: otherwise it would cut the grace short."
  }

  validation {
    condition     = var.hold_until_moved || var.max_overlap_days >= var.min_grace_days_without_console
    error_message = "max_overlap_days must be at least min_grace_days_without_console: otherwise it would cut the time to fetch a new key short."
  }

  validation {
    condition     = var.max_overlap_days >= var.hold_while_used_days
    error_message = "max_overlap_days must be at least hold_while_used_days: otherwise every old key would count as used until max_overlap_days."
  }

  # A user can have two keys. The old key must be deleted before the new one is due, even if it was held for as long as is
  # allowed; otherwise the next rotation would be blocked.
  validation {
    condition     = var.max_overlap_days + var.delete_after_days < var.max_key_age_days
    error_message = "max_overlap_days + delete_after_days must be less than max_key_age_days: an old key must be gone before the new one is due, since IAM allows two keys per user. Shorten max_overlap_days or delete_after_days."
  }
}

variable "delete_after_days" {
  description = "Days between the disable of a key and its deletion. Until then it can be enabled again."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.delete_after_days >= 1 && floor(var.delete_after_days) == var.delete_after_days
    error_message = "delete_after_days must be a whole number of days, 1 or more: a key is never deleted on the day it is disabled."
  }

  validation {
    condition     = var.grace_days + var.delete_after_days < var.max_key_age_days
    error_message = "grace_days + delete_after_days must be less than max_key_age_days: an old key must be gone before the new one is due. Shorten delete_after_days or grace_days."
  }
}

variable "idle_after_days" {
  description = "Days without use after which one of two active keys is idle: it is disabled to make room for a rotation. CIS asks for 45."
  type        = number
  default     = 45
  nullable    = false

  validation {
    condition     = var.idle_after_days >= 1 && var.idle_after_days <= 3650 && floor(var.idle_after_days) == var.idle_after_days
    error_message = "idle_after_days must be a whole number of days from 1 to 3650: IAM reports the last use of a key hours late."
  }
}

variable "disable_unused_after_days" {
  description = "Days without use after which the only active key of a user is disabled instead of replaced. Its owner is warned `warn_before_days` before (at least one day). 0 means never. CIS asks for 45."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.disable_unused_after_days >= 0 && floor(var.disable_unused_after_days) == var.disable_unused_after_days
    error_message = "disable_unused_after_days must be a whole number of days, or 0: never."
  }

  validation {
    condition     = var.disable_unused_after_days == 0 || var.disable_unused_after_days > max(1, var.warn_before_days)
    error_message = "disable_unused_after_days (${var.disable_unused_after_days}) must be 0, or more than warn_before_days (${var.warn_before_days}), and at least 2: the owner of an unused key is warned so long before it is disabled, and at least one day."
  }

  validation {
    condition     = var.disable_unused_after_days <= var.max_key_age_days
    error_message = "disable_unused_after_days (${var.disable_unused_after_days}) must not exceed max_key_age_days (${var.max_key_age_days}): a key is replaced at that age, so no key would ever be unused for so long. 0 means never."
  }
}

# --- When it runs, and what a run may do ----------------------------------------------------------------------------

variable "dry_run" {
  description = "Whether runs only report what they would do, and change nothing. Start with true in an account that you do not know well."
  type        = bool
  default     = false
  nullable    = false
}

variable "schedule_expression" {
  description = "When the function runs: rate() or cron() of EventBridge, in UTC. Once a day is enough. Runs on Mondays also look for secrets that no rotation uses, and runs on the 28th of a month look at every managed user, so include these days."
  type        = string
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate\\([0-9]+ [a-z]+\\)|cron\\([^ ()]+( [^ ()]+){5}\\))$", var.schedule_expression)) && length(var.schedule_expression) <= 256
    error_message = "schedule_expression must be rate() with a number and a unit, such as rate(12 hours), or cron() with six fields, such as cron(0 6 * * ? *) for every day at 6:00 UTC, at most 256 characters."
  }

  validation {
    condition     = !can(regex("^rate\\([0-9]+ [a-z]+\\)$", var.schedule_expression)) || can(regex("^rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)$", var.schedule_expression))
    error_message = "schedule_expression: EventBridge refuses ${var.schedule_expression}. The number must be 1 or more. The unit is minute, hour or day after 1, and minutes, hours or days after any other number."
  }

  validation {
    condition = alltrue([
      for i, field in try(split(" ", regex("^cron\\(([^ ()]+(?: [^ ()]+){5})\\)$", var.schedule_expression)[0]), []) :
      can(regex(local.cron_fields[i].pattern, field))
    ])
    error_message = "schedule_expression: EventBridge refuses ${join(" and ", [
      for i, field in try(split(" ", regex("^cron\\(([^ ()]+(?: [^ ()]+){5})\\)$", var.schedule_expression)[0]), []) :
      "${field} as ${local.cron_fields[i].field}" if !can(regex(local.cron_fields[i].pattern, field))
    ])}. A field is *, a value, a range (2-5), or a step (0/15), or a list of these."
  }

  validation {
    condition     = !can(regex("^cron\\([^ ()]+( [^ ()]+){5}\\)$", var.schedule_expression)) || can(regex("^cron\\([^ ]+ [^ ]+ (\\? [^ ]+ [^ ?]+|[^ ?]+ [^ ]+ \\?) [^ ]+\\)$", var.schedule_expression))
    error_message = "schedule_expression: exactly one of day of the month (the third field) and day of the week (the fifth) must be ?, such as cron(0 6 * * ? *) or cron(0 6 ? * MON-FRI *)."
  }
}

variable "schedule_enabled" {
  description = "Whether the schedule starts the function. With false, you can still invoke it by hand, and the rule of `rotate_exposed_keys` stays enabled."
  type        = bool
  default     = true
  nullable    = false
}

variable "max_rotations_per_run" {
  description = "Maximum rotations in one run, the oldest keys first; the next runs do the rest. Limits what a mistake can reach. 0 means no limit."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.max_rotations_per_run >= 0 && var.max_rotations_per_run <= 5000 && floor(var.max_rotations_per_run) == var.max_rotations_per_run
    error_message = "max_rotations_per_run must be a whole number from 0 (no limit) to 5000, the most users of an account."
  }
}

variable "rotate_exposed_keys" {
  description = "Whether a key that AWS reports as exposed (an AWS Health event of the service RISK) is replaced and disabled at once. AWS sends these events to us-east-1, in GovCloud to us-gov-west-1: if you install elsewhere, forward them."
  type        = bool
  default     = false
  nullable    = false
}

# --- The secrets and their readers ----------------------------------------------------------------------------------

variable "secret_reader_arns" {
  description = "ARNs of IAM roles and users that may read every user's secret, as its owner may: a deployment role, for example. If set, `min_grace_days_without_console` does not apply."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.secret_reader_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9_+=,.@/-]+$", arn))])
    error_message = "secret_reader_arns must be ARNs of IAM users or roles (arn:aws:iam::123456789012:role/name), without wildcards. For an assumed role (arn:aws:sts::...), give the role."
  }

  validation {
    condition     = length(jsonencode(var.secret_reader_arns)) <= 4096
    error_message = "secret_reader_arns must fit into 4096 characters, the size of an SSM parameter. Use one role that all readers assume."
  }
}

variable "secret_name_prefix" {
  description = "Beginning of the name of each user's secret; the IAM user name follows. The function may write to secrets with this prefix only."
  type        = string
  default     = "iam-access-key/"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]{1,256}$", var.secret_name_prefix))
    error_message = "secret_name_prefix must have 1 to 256 characters: letters, digits and /_+=.@-."
  }
}

variable "kms_key" {
  description = "Your own KMS key for the secrets and the messages, in place of one that the module makes: `{ arn = aws_kms_key.secrets.arn, keep_module_key = false }`. `arn`: with the statements of the output `kms_key_policy_statements` in its policy. `keep_module_key`: what becomes of the key that the module made before. False: it is scheduled for deletion, or never made; say so if no secret uses it, [as in the manual](operations.md#another-kms-key). True: it stays, until every secret has moved to yours. You must choose. Null: the module makes a key."
  type        = any
  default     = null

  validation {
    condition     = var.kms_key == null || can(keys(var.kms_key))
    error_message = "kms_key must be an object such as { arn = aws_kms_key.secrets.arn, keep_module_key = false }, or null."
  }

  validation {
    condition     = length(setsubtract(try(keys(var.kms_key), []), local.fields.kms_key)) == 0
    error_message = "kms_key: there is no field ${join(", ", setsubtract(try(keys(var.kms_key), []), local.fields.kms_key))}. It has: ${join(", ", local.fields.kms_key)}."
  }

  validation {
    condition     = !can(keys(var.kms_key)) || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn must be the ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>), not of an alias. For the module's own key, set kms_key to null."
  }

  validation {
    condition     = !can(keys(var.kms_key)) || can(tobool(var.kms_key.keep_module_key)) && try(var.kms_key.keep_module_key, null) != null
    error_message = "kms_key.keep_module_key: you must choose. false, if this installation has never had a key of the module; true, if it has one: secrets stay on it until the function has moved them, and nobody can read a secret whose key is pending deletion."
  }
}

variable "deleted_user_secret_retention_days" {
  description = "Days for which the secret of a deleted user is kept; then it is scheduled for deletion, with 30 days to restore it. Operators are notified first. Only runs on Mondays (UTC) look for such secrets. 0 means that they stay for ever."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deleted_user_secret_retention_days >= 0 && var.deleted_user_secret_retention_days <= 3650 && floor(var.deleted_user_secret_retention_days) == var.deleted_user_secret_retention_days
    error_message = "deleted_user_secret_retention_days must be a whole number of days from 0 (never) to 3650."
  }
}

# --- Messages and events --------------------------------------------------------------------------------------------

variable "require_confirmed_subscription" {
  description = "Whether a key is rotated only if its owner or an operator has a confirmed subscription. With false, keys are rotated even if nobody is notified."
  type        = bool
  default     = true
  nullable    = false
}

variable "dead_letter_operator_arns" {
  description = "ARNs of the IAM roles and users that may take messages out of the dead-letter queue: the on-call role, for example. `*` is allowed in a role's name, as for `AWSReservedSSO_OnCall_*`. Empty: whoever has IAM permission. A dead letter can be an emergency that was not served."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.dead_letter_operator_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9_+=,.@/*-]+$", arn))])
    error_message = "dead_letter_operator_arns must be ARNs of IAM users or roles (arn:aws:iam::123456789012:role/on-call). For an assumed role (arn:aws:sts::...), give the role."
  }
}

variable "event_bus_arn" {
  description = "ARN of the EventBridge bus that gets an event for each transition of a key, in the region of the installation. Null: the account's default bus. The policy of a bus in another account must allow the function's role."
  type        = string
  default     = null

  validation {
    condition     = var.event_bus_arn == null || can(regex("^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]+$", var.event_bus_arn))
    error_message = "event_bus_arn must be the ARN of an EventBridge bus (arn:aws:events:<region>:<account>:event-bus/<name>), or null."
  }

  validation {
    condition     = var.event_bus_arn == null || try(split(":", var.event_bus_arn)[3], "") == local.region
    error_message = "event_bus_arn must name a bus in the region of the installation, ${local.region}: events cannot be put on a bus of another region. Put them on a bus here, with a rule that forwards them to the other one."
  }
}

variable "monitoring" {
  description = "Alarms and dashboard. `enabled` (true): whether the module makes them, and the topic of the alarms. `overdue_alarm_days` (14): days beyond `max_key_age_days` at which an active key raises an alarm; set more than the grace. `missed_run_alarm_hours` (two intervals of a rate() schedule, 48 for cron()): hours without a complete run, or without a start by the schedule, that raise an alarm, at most 168; a schedule that rests over the weekend needs 96. `alarm_action_arns` ([]): at most 4 ARNs that the alarms go to as well, such as an SNS topic of a central account. The function sends its metrics in any case."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition     = can(keys(var.monitoring))
    error_message = "monitoring must be an object such as { overdue_alarm_days = 14 }."
  }

  validation {
    condition     = length(setsubtract(try(keys(var.monitoring), []), local.fields.monitoring)) == 0
    error_message = "monitoring: there is no field ${join(", ", setsubtract(try(keys(var.monitoring), []), local.fields.monitoring))}. It has: ${join(", ", local.fields.monitoring)}."
  }

  validation {
    condition     = try(var.monitoring.enabled, null) == null || can(tobool(var.monitoring.enabled))
    error_message = "monitoring.enabled must be true or false."
  }

  validation {
    condition     = try(var.monitoring.overdue_alarm_days, null) == null || try(var.monitoring.overdue_alarm_days >= 1 && var.monitoring.overdue_alarm_days <= 3650 && floor(var.monitoring.overdue_alarm_days) == tonumber(var.monitoring.overdue_alarm_days), false)
    error_message = "monitoring.overdue_alarm_days must be a whole number of days from 1 to 3650."
  }

  validation {
    condition     = try(var.monitoring.missed_run_alarm_hours, null) == null || try(var.monitoring.missed_run_alarm_hours >= 1 && var.monitoring.missed_run_alarm_hours <= 168 && floor(var.monitoring.missed_run_alarm_hours) == tonumber(var.monitoring.missed_run_alarm_hours), false)
    error_message = "monitoring.missed_run_alarm_hours must be a whole number of hours from 1 to 168, as far back as CloudWatch looks, or null."
  }

  validation {
    condition     = try(var.monitoring.alarm_action_arns, null) == null || try(length(toset(var.monitoring.alarm_action_arns)) <= 4 && alltrue([for arn in toset(var.monitoring.alarm_action_arns) : can(regex("^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12})?:.+$", arn))]), false)
    error_message = "monitoring.alarm_action_arns must be a list of at most 4 ARNs, such as arn:aws:sns:eu-west-1:123456789012:alarms: an alarm takes 5, and one is the module's own topic."
  }
}

# --- The installation -----------------------------------------------------------------------------------------------

variable "name" {
  description = "Name of this installation: of the function, role, rule, topic and queue. Its settings are under /<name>/config in SSM Parameter Store, and options of single users under /<name>/users."
  type        = string
  default     = "access-key-rotation"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,47}$", var.name))
    error_message = "name must begin with a letter and hold only letters, digits, - and _, at most 48 characters: it becomes part of the names of all resources."
  }

  validation {
    condition     = !can(regex("^(?i:aws|ssm)", var.name))
    error_message = "name must not begin with aws or ssm: SSM Parameter Store reserves such paths. Put another word first."
  }
}

variable "tags" {
  description = "Tags for every resource of the module, and for the secrets that the function makes."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 40
    error_message = "tags must hold at most 40 entries: a secret takes 50 and the function adds its own."
  }

  validation {
    condition = alltrue([
      for key in keys(var.tags) :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,127}$", key)) && !can(regex("^(?i:aws:|access-key-rotation:)", key))
    ])
    error_message = "tags: a key must have 1 to 127 characters (letters, digits, spaces and _.:/=+-@) and must not begin with aws: or access-key-rotation:, which are reserved."
  }

  validation {
    condition     = alltrue([for value in values(var.tags) : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,255}$", value))])
    error_message = "tags: a value must have at most 255 characters: letters, digits, spaces and _.:/=+-@."
  }

  validation {
    condition     = length(base64encode(jsonencode(var.tags))) <= 5464
    error_message = "tags must fit into 4 KB as JSON, the size of an SSM parameter. Use fewer or shorter tags."
  }
}

variable "function" {
  description = "The Lambda function and its role. `architecture` (\"arm64\", the cheaper one): or \"x86_64\", for regions without arm64. `runtime` (\"python3.13\"): or \"python3.12\", or \"python3.14\", which needs version 6.20 of the provider. `memory_mb` (512): processor time grows with it. `timeout_seconds` (900): in its last 60 seconds a run starts no further user; the next run continues. `log_retention_days` (365). `reserved_concurrency` (null): runs that Lambda keeps room for, which is also the most at a time. Null reserves none, so that an emergency can run beside the daily run. `role_path` (\"/\") and `permissions_boundary_arn` (null): for accounts that demand them. `vpc` (null): `{ subnet_ids = […], security_group_ids = […] }`, for accounts that demand one. The subnets must reach IAM, STS, Secrets Manager, SNS, SSM, EventBridge, CloudWatch and KMS."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition     = can(keys(var.function))
    error_message = "function must be an object such as { memory_mb = 512 }."
  }

  validation {
    condition     = length(setsubtract(try(keys(var.function), []), local.fields.function)) == 0
    error_message = "function: there is no field ${join(", ", setsubtract(try(keys(var.function), []), local.fields.function))}. It has: ${join(", ", local.fields.function)}."
  }

  validation {
    condition     = try(var.function.architecture, null) == null || try(contains(["arm64", "x86_64"], var.function.architecture), false)
    error_message = "function.architecture must be arm64 or x86_64."
  }

  validation {
    condition     = try(var.function.runtime, null) == null || try(contains(["python3.12", "python3.13", "python3.14"], var.function.runtime), false)
    error_message = "function.runtime must be python3.12, python3.13 or python3.14: the code needs Python 3.12, and is not tried with a later one."
  }

  validation {
    condition     = try(var.function.memory_mb, null) == null || try(var.function.memory_mb >= 128 && var.function.memory_mb <= 10240 && floor(var.function.memory_mb) == tonumber(var.function.memory_mb), false)
    error_message = "function.memory_mb must be a whole number of MB from 128 to 10240."
  }

  validation {
    condition     = try(var.function.timeout_seconds, null) == null || try(var.function.timeout_seconds >= 120 && var.function.timeout_seconds <= 900 && floor(var.function.timeout_seconds) == tonumber(var.function.timeout_seconds), false)
    error_message = "function.timeout_seconds must be a whole number of seconds from 120 to 900: no user is started in the last 60, and Lambda ends at 900."
  }

  validation {
    condition     = try(var.function.log_retention_days, null) == null || try(contains(local.log_retention_periods, tonumber(var.function.log_retention_days)), false)
    error_message = "function.log_retention_days must be one of the periods that CloudWatch Logs offers: ${join(", ", local.log_retention_periods)}."
  }

  validation {
    condition     = try(var.function.reserved_concurrency, null) == null || try(var.function.reserved_concurrency >= 2 && floor(var.function.reserved_concurrency) == tonumber(var.function.reserved_concurrency), false)
    error_message = "function.reserved_concurrency must be null, or a whole number, 2 or more: an emergency must find room beside the daily run. To stop the runs, set schedule_enabled to false, and rotate_exposed_keys too if it is true."
  }

  validation {
    condition     = try(var.function.role_path, null) == null || try(can(regex("^/([\\w+=,.@-]+/)*$", var.function.role_path)) && length(tostring(var.function.role_path)) <= 512, false)
    error_message = "function.role_path must begin and end with a slash, with letters, digits and _+=,.@- between them, such as / or /platform/, at most 512 characters."
  }

  validation {
    condition     = try(var.function.permissions_boundary_arn, null) == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\\w+=,.@/-]+$", var.function.permissions_boundary_arn))
    error_message = "function.permissions_boundary_arn must be the ARN of an IAM policy (arn:aws:iam::123456789012:policy/name), or null."
  }

  validation {
    condition     = try(var.function.vpc, null) == null || length(setsubtract(try(keys(var.function.vpc), ["no object"]), local.fields.vpc)) == 0
    error_message = "function.vpc must be an object with subnet_ids and security_group_ids, and nothing else, or null."
  }

  validation {
    condition     = try(alltrue([for id in toset(var.function.vpc.subnet_ids) : can(regex("^subnet-[0-9a-f]+$", id))]) && length(toset(var.function.vpc.subnet_ids)) > 0, try(var.function.vpc, null) == null)
    error_message = "function.vpc.subnet_ids must hold at least one id of a subnet (subnet-0123456789abcdef0)."
  }

  validation {
    condition     = try(alltrue([for id in toset(var.function.vpc.security_group_ids) : can(regex("^sg-[0-9a-f]+$", id))]) && length(toset(var.function.vpc.security_group_ids)) > 0, try(var.function.vpc, null) == null)
    error_message = "function.vpc.security_group_ids must hold at least one id of a security group (sg-0123456789abcdef0)."
  }
}

# --- How a run uses IAM ---------------------------------------------------------------------------------------------

variable "max_iam_writes_per_second" {
  description = "Maximum access-key writes per second. Protects the account's IAM rate limit, and bounds how many users a run works on at the same time."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.max_iam_writes_per_second >= 1 && var.max_iam_writes_per_second <= 100 && floor(var.max_iam_writes_per_second) == var.max_iam_writes_per_second
    error_message = "max_iam_writes_per_second must be a whole number from 1 to 100."
  }
}

variable "bulk_discovery" {
  description = "Whether a run reads all users' tags at once with iam:GetAccountAuthorizationDetails, which also shows the account's policies. With false the role has no such permission, and each run makes one call per user."
  type        = bool
  default     = true
  nullable    = false
}
