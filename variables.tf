# --- The installation -----------------------------------------------------------------------------------------------

variable "name" {
  description = "Name of this installation. The function, role, rule, topic and queue are called so, and the settings live under /<name>/config in SSM Parameter Store."
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
    error_message = "tags: a key must have 1 to 127 characters (letters, digits, spaces and _.:/=+-@) and must not begin with aws: or access-key-rotation:, which are taken."
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

variable "permissions_boundary_arn" {
  description = "ARN of an IAM policy to set as the permissions boundary of the function's role, if your account demands one."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\\w+=,.@/-]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy (arn:aws:iam::123456789012:policy/name), or null."
  }
}

variable "role_path" {
  description = "IAM path of the function's role, if your account sorts roles by path or limits who may make which, such as /platform/."
  type        = string
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([\\w+=,.@-]+/)*$", var.role_path)) && length(var.role_path) <= 512
    error_message = "role_path must begin and end with a slash, with letters, digits and _+=,.@- between them, such as / or /platform/, at most 512 characters."
  }
}

variable "kms_key_arn" {
  description = "ARN of your own KMS key for the secrets and the messages; its policy needs the statements of the output `kms_key_policy_statements`. Null: the module makes a key. If the key is made in the same configuration, write format(\"%s\", aws_kms_key.own.arn): this tells Terraform before the key exists that it is not null."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>), not of an alias, or null."
  }
}

# --- When it runs, and on what --------------------------------------------------------------------------------------

variable "schedule_expression" {
  description = "When the function runs, as an EventBridge rate or cron expression, in UTC. Once a day is enough for limits counted in days. Secrets that no rotation looks at (see `deleted_user_secret_retention_days`) are looked for in runs on Mondays only, and every managed user is looked at in runs on the 28th of a month only (days in UTC): a schedule that rests on these days leaves that out."
  type        = string
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition = anytrue([
      can(regex("^rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)$", var.schedule_expression)),
      # Minutes, hours, day of month, month, day of week, year; exactly one of the two days is "?".
      can(regex("^cron\\([0-9*,/-]+ [0-9*,/-]+ (\\? [A-Za-z0-9*,/-]+ [A-Za-z0-9*,/#-]+|[0-9*,/LW-]+ [A-Za-z0-9*,/-]+ \\?) [0-9*,/-]+\\)$", var.schedule_expression)),
    ])
    error_message = "schedule_expression must be rate(1 day), rate(12 hours) and the like (the unit is singular after 1, else plural), or cron() with six fields of which either the day of the month or the day of the week is ?, such as cron(0 6 * * ? *) for every day at 6:00 UTC."
  }
}

variable "schedule_enabled" {
  description = "Whether the schedule starts the function. Set to false to pause the scheduled runs; the function can still be invoked by hand, and `rotate_exposed_keys` has a rule of its own that stays on."
  type        = bool
  default     = true
  nullable    = false
}

variable "dry_run" {
  description = "Whether runs only report what they would do and change nothing. Start with true in an account that you do not know well."
  type        = bool
  default     = false
  nullable    = false
}

variable "user_tag" {
  description = "The tag that marks the IAM users whose keys are rotated. IAM compares tag keys without regard to upper and lower case, values exactly."
  type = object({
    key   = optional(string, "access-key-rotation")
    value = optional(string, "enabled")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,110}$", var.user_tag.key)) && !can(regex("^(?i:aws:)", var.user_tag.key))
    error_message = "user_tag.key must have 1 to 110 characters (letters, digits, spaces and _.:/=+-@), which leaves room for override tags such as <key>:max-key-age-days, and must not begin with aws:."
  }

  validation {
    condition     = can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,256}$", var.user_tag.value))
    error_message = "user_tag.value must have 1 to 256 characters: letters, digits, spaces and _.:/=+-@."
  }
}

variable "rotate_exposed_keys" {
  description = "Whether a key that AWS finds in public (the AWS Health event AWS_RISK_CREDENTIALS_EXPOSED) is replaced and disabled at once, as by the payload `emergency`. AWS sends these events to us-east-1: elsewhere they must be forwarded to this region."
  type        = bool
  default     = false
  nullable    = false
}

variable "max_rotations_per_run" {
  description = "Most keys to rotate in one run, the oldest first; the rest follows in the next runs. Limits what a mistake can reach. 0 means no limit."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.max_rotations_per_run >= 0 && var.max_rotations_per_run <= 5000 && floor(var.max_rotations_per_run) == var.max_rotations_per_run
    error_message = "max_rotations_per_run must be a whole number from 0 (no limit) to 5000, the most users of an account."
  }
}

variable "max_iam_writes_per_second" {
  description = "Most access keys that a run creates, disables or deletes in one second, so that others who work in the account are not throttled. Also bounds how many users are worked on side by side."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.max_iam_writes_per_second >= 1 && var.max_iam_writes_per_second <= 100 && floor(var.max_iam_writes_per_second) == var.max_iam_writes_per_second
    error_message = "max_iam_writes_per_second must be a whole number from 1 to 100."
  }
}

variable "bulk_discovery" {
  description = "Whether the function may read all users' tags at once with iam:GetAccountAuthorizationDetails, which shows the account's policies too. With false the role has no such right, and each run reads the tags of every user one by one: at 5,000 users 5,000 calls in place of 5."
  type        = bool
  default     = true
  nullable    = false
}

# --- The life of a key, in days -------------------------------------------------------------------------------------
# A rule across variables stands with the one that is most likely to be the one to change.

variable "max_key_age_days" {
  description = "Age in days at which an access key is rotated. CIS AWS Foundations and Security Hub ask for 90."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.max_key_age_days >= 2 && var.max_key_age_days <= 3650 && floor(var.max_key_age_days) == var.max_key_age_days
    error_message = "max_key_age_days must be a whole number of days from 2 to 3650."
  }
}

variable "warn_before_days" {
  description = "How many days before the rotation of a key its owner is warned. 0 means no warning."
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
  description = "Days after a rotation in which the old and the new key both work. 0 disables the old key at once, but only for users who can fetch the new one without it."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.grace_days >= 0 && floor(var.grace_days) == var.grace_days
    error_message = "grace_days must be a whole number of days, 0 or more."
  }
}

variable "min_grace_days_without_console" {
  description = "Least grace in days for users without a console password: they need their old key to fetch the new one. Does not apply if `secret_reader_arns` is set."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.min_grace_days_without_console >= 1 && floor(var.min_grace_days_without_console) == var.min_grace_days_without_console
    error_message = "min_grace_days_without_console must be a whole number of days, 1 or more: with 0 a service user would lose its old key before it could fetch the new one."
  }
}

variable "hold_while_used_days" {
  description = "Leave an old key on as long as it was used within so many days, up to `max_overlap_days`. 0 means never hold."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.hold_while_used_days >= 0 && floor(var.hold_while_used_days) == var.hold_while_used_days
    error_message = "hold_while_used_days must be a whole number of days, 0 (never hold) or more."
  }
}

variable "max_overlap_days" {
  description = "Days after a rotation at which the old key is disabled in any case, even if it is held because it is still in use."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.max_overlap_days >= 1 && floor(var.max_overlap_days) == var.max_overlap_days
    error_message = "max_overlap_days must be a whole number of days, 1 or more."
  }

  validation {
    condition     = var.max_overlap_days >= var.grace_days
    error_message = "max_overlap_days must be at least grace_days: the ceiling would cut the grace short."
  }

  validation {
    condition     = var.max_overlap_days >= var.min_grace_days_without_console
    error_message = "max_overlap_days must be at least min_grace_days_without_console: the ceiling would cut the time to fetch a new key short."
  }

  validation {
    condition     = var.max_overlap_days >= var.hold_while_used_days
    error_message = "max_overlap_days must be at least hold_while_used_days: otherwise every old key would count as used until the ceiling."
  }

  # A user has two slots. The old key must have left its slot before the new one is due, also when it was held for as long
  # as is allowed; otherwise that user would be blocked at the next rotation.
  validation {
    condition     = var.max_overlap_days + var.delete_after_days < var.max_key_age_days
    error_message = "max_overlap_days + delete_after_days must be less than max_key_age_days: an old key must be gone before the new one is due, since IAM allows two keys per user. Shorten max_overlap_days or delete_after_days."
  }
}

variable "delete_after_days" {
  description = "Days for which a disabled key is kept, so that it can be switched on again, before it is deleted."
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
  description = "Days without use after which one of two active keys counts as idle and is disabled, to make room for a rotation. CIS asks for 45."
  type        = number
  default     = 45
  nullable    = false

  validation {
    condition     = var.idle_after_days >= 1 && var.idle_after_days <= 3650 && floor(var.idle_after_days) == var.idle_after_days
    error_message = "idle_after_days must be a whole number of days from 1 to 3650: IAM reports the last use of a key hours late."
  }
}

# --- The secrets and their readers ----------------------------------------------------------------------------------

variable "secret_name_prefix" {
  description = "What the name of each user's secret begins with; the IAM user name follows. The role may write to secrets of this prefix only."
  type        = string
  default     = "iam-access-key/"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]{1,256}$", var.secret_name_prefix))
    error_message = "secret_name_prefix must have 1 to 256 characters: letters, digits and /_+=.@-."
  }
}

variable "deleted_user_secret_retention_days" {
  description = "Days after a user was first found not to exist any more in which their secret is kept; then it is scheduled for deletion, with 30 days to restore it. The operators are told first. The same look restores secrets that are to be deleted while their user is managed, and reports users whose mark was removed half-way. It is taken in runs on Mondays (UTC) only, so a schedule without any finds none. 0 means never."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deleted_user_secret_retention_days >= 0 && var.deleted_user_secret_retention_days <= 3650 && floor(var.deleted_user_secret_retention_days) == var.deleted_user_secret_retention_days
    error_message = "deleted_user_secret_retention_days must be a whole number of days from 0 (never) to 3650."
  }
}

variable "secret_reader_arns" {
  description = "ARNs of IAM roles and users that may read every user's secret besides its owner, such as a deployment role. If set, the old key is disabled without the extra time of `min_grace_days_without_console`."
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

variable "users" {
  description = "IAM users that Terraform provides for, by name: their secret and, if an e-mail address is given, its subscription to messages about that user. A user is rotated only if it carries the tag, and any other managed user is rotated too; the function makes their secret when first needed. Each address takes one filter policy of the topic, as each of `operator_emails` does; AWS allows 200 per topic unless you ask for more."
  type = map(object({
    email = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for user in keys(var.users) : can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", user))])
    error_message = "users: a key must be the name of an IAM user without its path: 1 to 64 letters, digits and _+=,.@-."
  }

  validation {
    condition     = length(distinct([for user in keys(var.users) : lower(user)])) == length(var.users)
    error_message = "users: two names differ only in upper and lower case, which IAM takes for the same user. Remove one."
  }

  validation {
    condition     = alltrue([for user in values(var.users) : user.email == null || can(regex("^[^\\s@<>(),;:\"]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$", user.email))])
    error_message = "users: an email must be a plain address such as alice@example.com, or be left out."
  }

  validation {
    condition     = alltrue([for names in values({ for name, user in var.users : coalesce(user.email, "none") => name... if user.email != null }) : length(names) <= 149])
    error_message = "users: at most 149 users can share one email, the most that an SNS filter policy takes. Use operator_emails for an address that is to hear of everything."
  }
}

# --- Who is told ----------------------------------------------------------------------------------------------------

variable "operator_emails" {
  description = "E-mail addresses that get the digest of each run that has something to say, and what concerns users who cannot be told themselves. Each must confirm its subscription, and with `monitoring_enabled` a second one, to the alarms."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.operator_emails : can(regex("^[^\\s@<>(),;:\"]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$", email))])
    error_message = "operator_emails must be plain addresses such as platform@example.com."
  }
}

variable "event_bus_arn" {
  description = "ARN of the EventBridge bus that gets an event for each transition of a key, for other programs to act on. Null: the account's default bus. It must be in the region of the installation; a bus of another account must admit the role in its own policy."
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

variable "require_confirmed_subscription" {
  description = "Whether a key is rotated only if its owner or an operator has a confirmed subscription that admits the message. With false, keys are rotated even if nobody is told."
  type        = bool
  default     = true
  nullable    = false
}

# --- The function ---------------------------------------------------------------------------------------------------

variable "architecture" {
  description = "Processor of the function: arm64 (cheaper) or x86_64, for regions without arm64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "memory_size" {
  description = "Memory of the function in MB; processor time grows with it."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240 && floor(var.memory_size) == var.memory_size
    error_message = "memory_size must be a whole number of MB from 128 to 10240."
  }
}

variable "timeout" {
  description = "Seconds that a run may take. In its last 60 seconds no further user is started; the next run goes on from there."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.timeout >= 120 && var.timeout <= 900 && floor(var.timeout) == var.timeout
    error_message = "timeout must be a whole number of seconds from 120 to 900: no user is started in the last 60, and Lambda ends at 900."
  }
}

variable "reserved_concurrency" {
  description = "Runs that Lambda keeps room for, which is also the most at a time. Null, the default, reserves none, on purpose: runs may overlap, while a full reservation would refuse an emergency during the daily run; and what is reserved here is lost to the account's other functions (a new account has 10 in all, of which none can be reserved)."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(var.reserved_concurrency >= 2 && floor(var.reserved_concurrency) == var.reserved_concurrency, false)
    error_message = "reserved_concurrency must be null, or a whole number, 2 or more: an emergency must find room beside the daily run. To stop the runs, set schedule_enabled to false, and rotate_exposed_keys too if it is true."
  }
}

variable "vpc" {
  description = "Subnets and security groups to run the function in, if your account demands it. They must let it reach IAM, STS, Secrets Manager, SNS, SSM, EventBridge, CloudWatch and KMS, by a NAT gateway or VPC endpoints. Null: it runs outside of any VPC of yours, which nothing in it needs."
  type = object({
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  default = null

  validation {
    condition     = try(alltrue([for id in var.vpc.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))]) && length(var.vpc.subnet_ids) > 0, var.vpc == null)
    error_message = "vpc.subnet_ids must hold at least one id of a subnet (subnet-0123456789abcdef0)."
  }

  validation {
    condition     = try(alltrue([for id in var.vpc.security_group_ids : can(regex("^sg-[0-9a-f]+$", id))]) && length(var.vpc.security_group_ids) > 0, var.vpc == null)
    error_message = "vpc.security_group_ids must hold at least one id of a security group (sg-0123456789abcdef0)."
  }
}

variable "log_retention_days" {
  description = "Days for which the function's log is kept. It says what was decided for each user and why, and never holds a secret."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of the periods that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

# --- Monitoring -----------------------------------------------------------------------------------------------------

variable "monitoring_enabled" {
  description = "Whether the module makes its alarms, their topic, to which `operator_emails` are subscribed, and the dashboard. The metrics are sent in any case."
  type        = bool
  default     = true
  nullable    = false
}

variable "alarm_action_arns" {
  description = "ARNs of what else the alarms go to, such as an SNS topic of a central account."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.alarm_action_arns) <= 4 && alltrue([for arn in var.alarm_action_arns : can(regex("^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12})?:.+$", arn))])
    error_message = "alarm_action_arns must hold at most 4 ARNs, such as arn:aws:sns:eu-west-1:123456789012:alarms: an alarm takes 5, and one is the module's own topic."
  }
}

variable "overdue_alarm_days" {
  description = "By how many days the oldest active key may exceed `max_key_age_days` before there is an alarm. Old keys that work on after their rotation count too, so it should be more than `grace_days` and `min_grace_days_without_console`."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition     = var.overdue_alarm_days >= 1 && var.overdue_alarm_days <= 3650 && floor(var.overdue_alarm_days) == var.overdue_alarm_days
    error_message = "overdue_alarm_days must be a whole number of days from 1 to 3650."
  }
}

variable "missed_run_alarm_hours" {
  description = "Hours without a complete run after which there is an alarm, at most 168, which is as far back as CloudWatch looks. Null: two intervals of a rate() schedule, 48 hours for a cron() schedule. A schedule that rests over the weekend needs more: from Friday's run to Monday's are 72 hours, so set 96."
  type        = number
  default     = null

  validation {
    condition     = var.missed_run_alarm_hours == null || try(var.missed_run_alarm_hours >= 1 && var.missed_run_alarm_hours <= 168 && floor(var.missed_run_alarm_hours) == var.missed_run_alarm_hours, false)
    error_message = "missed_run_alarm_hours must be a whole number of hours from 1 to 168, or null."
  }
}
