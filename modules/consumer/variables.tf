variable "name" {
  description = "Name of this consumer: of the event rule, and the beginning of the names of the queue and the alarms. Unique in the account and region."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,47}$", var.name))
    error_message = "name must begin with a letter and hold only letters, digits, - and _, at most 48 characters: it becomes part of the names of all resources."
  }

  validation {
    condition     = !contains([var.installation, "${var.installation}-exposed-keys"], var.name)
    error_message = "name must not be ${var.name}: the rotation ${var.installation} has a rule and a queue of that name. Choose another, such as build-agent-key."
  }
}

# --- Whose key, and where it is -------------------------------------------------------------------------------------

variable "user_name" {
  description = "Name of the IAM user whose key is consumed, without its path. Upper and lower case count."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.user_name))
    error_message = "user_name must be the name of an IAM user without its path: 1 to 64 letters, digits and _+=,.@-."
  }
}

variable "secret_arn" {
  description = "ARN of the user's secret: `user_secret_arns[\"<user>\"]` of the rotation module. The rule, the policy and your function must use this one, never what an event names."
  type        = string
  nullable    = false

  # No wildcard: it becomes the resource of a policy.
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$", var.secret_arn))
    error_message = "secret_arn must be the whole ARN of a secret, with the six characters at its end (arn:aws:secretsmanager:<region>:<account>:secret:<name>-AbCdEf)."
  }

  validation {
    condition     = !can(regex("^arn:[a-z-]+:secretsmanager:", var.secret_arn)) || try(startswith(var.secret_arn, "arn:${local.partition}:secretsmanager:${local.region}:${local.account_id}:"), false)
    error_message = "secret_arn must name a secret in the region and account of this consumer (${local.region}, ${local.account_id})."
  }

  # Otherwise no event would ever match, and nobody would notice.
  validation {
    condition     = !can(regex(":secret:.+-[A-Za-z0-9]{6}$", var.secret_arn)) || endswith(try(regex(":secret:(.+)-[A-Za-z0-9]{6}$", var.secret_arn)[0], ""), replace(replace(var.user_name, "+", "+2B"), ",", "+2C"))
    error_message = "secret_arn must be that of ${var.user_name}: a secret's name ends with the name of its user. This one is called ${try(regex(":secret:(.+)-[A-Za-z0-9]{6}$", var.secret_arn)[0], "")}."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the secret: `kms_key_arn` of the rotation module."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>), not of an alias."
  }
}

variable "installation" {
  description = "The rotation module's `name`."
  type        = string
  default     = "access-key-rotation"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_-]{0,47}$", var.installation))
    error_message = "installation must be the `name` of the rotation module: a letter, then letters, digits, - and _, at most 48 characters."
  }
}

variable "event_bus_arn" {
  description = "ARN of the EventBridge bus that gets the rotation's events: `event_bus_arn` of the rotation module. Null: the account's default bus."
  type        = string
  default     = null

  validation {
    condition     = var.event_bus_arn == null || can(regex("^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._/-]+$", var.event_bus_arn))
    error_message = "event_bus_arn must be the ARN of an EventBridge bus (arn:aws:events:<region>:<account>:event-bus/<name>), or null."
  }

  validation {
    condition     = !can(regex("^arn:[a-z-]+:events:", var.event_bus_arn)) || try(startswith(var.event_bus_arn, "arn:${local.partition}:events:${local.region}:${local.account_id}:"), false)
    error_message = "event_bus_arn must name a bus in the region and account of this consumer (${local.region}, ${local.account_id}). If the events go to a bus elsewhere, forward them to one here."
  }
}

# --- What is started ------------------------------------------------------------------------------------------------

variable "function_arn" {
  description = "ARN of your Lambda function, in this account and region, with or without an alias or version behind it. Lambda starts it asynchronously, with the whole event."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]{1,128})?$", var.function_arn))
    error_message = "function_arn must be the ARN of a Lambda function (arn:aws:lambda:<region>:<account>:function:<name>), with or without an alias or version behind it."
  }

  validation {
    condition     = !can(regex("^arn:[a-z-]+:lambda:", var.function_arn)) || try(startswith(var.function_arn, "arn:${local.partition}:lambda:${local.region}:${local.account_id}:"), false)
    error_message = "function_arn must name a function in the region and account of this consumer (${local.region}, ${local.account_id})."
  }

  validation {
    condition     = try(split(":", var.function_arn)[6], "") != var.installation
    error_message = "function_arn must name your own function. ${var.installation} is the one that rotates keys."
  }
}

variable "maximum_event_age_seconds" {
  description = "Seconds for which EventBridge tries to hand an event over to Lambda, until it becomes a dead letter: from 3600 to 86400, a day."
  type        = number
  default     = 86400
  nullable    = false

  validation {
    condition     = var.maximum_event_age_seconds >= 3600 && var.maximum_event_age_seconds <= 86400 && floor(var.maximum_event_age_seconds) == var.maximum_event_age_seconds
    error_message = "maximum_event_age_seconds must be a whole number of seconds from 3600, an hour, to 86400, a day, which is the most that EventBridge offers."
  }
}

# --- Alarms and tags ------------------------------------------------------------------------------------------------

variable "alarm_topic_arns" {
  description = "ARNs of at most 5 SNS topics in this region that the alarms go to. Not the rotation's own `alarm_topic_arn`: its policy admits the rotation's alarms only. Empty: the alarms only show in CloudWatch."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "alarm_topic_arns must be ARNs of SNS topics (arn:aws:sns:<region>:<account>:<name>)."
  }

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : try(split(":", arn)[3] == local.region, true)])
    error_message = "alarm_topic_arns must be in ${local.region}: an alarm cannot publish to a topic of another region."
  }

  validation {
    condition     = alltrue([for arn in var.alarm_topic_arns : try(!endswith(arn, ":${local.account_id}:${var.installation}-alarms"), true)])
    error_message = "alarm_topic_arns must not hold the topic ${var.installation}-alarms: its policy admits the rotation's own alarms only. Give a topic of yours."
  }

  validation {
    condition     = length(var.alarm_topic_arns) <= 5
    error_message = "alarm_topic_arns must hold at most 5 topics, as many as an alarm takes."
  }
}

variable "tags" {
  description = "Tags for the rule, the queue and the alarms."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(var.tags) <= 50 && alltrue([
      for key, value in var.tags :
      can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)) && !can(regex("^(?i:aws:)", key)) && can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))
    ])
    error_message = "tags must hold at most 50 entries. A key has 1 to 128 characters and does not begin with aws:, a value has at most 256: letters, digits, spaces and _.:/=+-@."
  }
}
