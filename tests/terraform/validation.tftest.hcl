# The rules on the variables. test_messages.py looks at what they say; what it refuses is not refused here again: the
# schedules, and the rules across variables. A run takes a second, so it gives a wrong value to many variables at once: the
# comment says what is wrong with each. A rule that looks at another variable is not evaluated when that one is wrong: so
# the days come in an order of their own.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-central-1", region = "eu-central-1" } # the latter in provider 6
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" } # policies.tftest.hcl looks at the real ones
  }
}


run "wrong_values_first_set" {
  command = plan

  variables {
    name                               = "1rotation"                                                                           # starts with a digit
    tags                               = { "AWS:owner" = "x" }                                                                 # holds a reserved key
    kms_key                            = { arn = "arn:aws:kms:eu-central-1:111122223333:alias/mine", keep_module_key = false } # is an alias
    user_tag                           = { key = "aws:rotate" }                                                                # has a reserved key
    max_rotations_per_run              = -1                                                                                    # is negative
    max_iam_writes_per_second          = 0                                                                                     # lets nothing pass
    idle_after_days                    = 0                                                                                     # is zero
    deleted_user_secret_retention_days = -1                                                                                    # is negative
    function                           = { architecture = "arm" }                                                              # is unknown
    monitoring                         = { overdue_alarm_days = 0 }                                                            # is zero
    user_path_prefix                   = "services"                                                                            # lacks its slashes
    never_user_arns                    = ["arn:aws:iam::111122223333:role/admin"]                                              # is a role
    dead_letter_operator_arns          = ["arn:aws:sts::111122223333:assumed-role/a/b"]                                        # is a session
    secret_name_prefix                 = ""                                                                                    # is empty
    secret_reader_arns                 = ["arn:aws:iam::111122223333:role/*"]                                                  # holds a wildcard
    users                              = { "team/alice" = {} }                                                                 # holds a path
    operator_emails                    = ["platform-team"]                                                                     # holds a bad address
    event_bus_arn                      = "default"                                                                             # is a name

    max_key_age_days               = 90.5 # is a fraction
    grace_days                     = -1   # is negative
    min_grace_days_without_console = 0    # is zero
    hold_while_used_days           = -1   # is negative
  }

  expect_failures = [
    var.name,
    var.tags,
    var.kms_key,
    var.user_tag,
    var.max_rotations_per_run,
    var.max_iam_writes_per_second,
    var.idle_after_days,
    var.deleted_user_secret_retention_days,
    var.function,
    var.monitoring,
    var.user_path_prefix,
    var.never_user_arns,
    var.dead_letter_operator_arns,
    var.secret_name_prefix,
    var.secret_reader_arns,
    var.users,
    var.operator_emails,
    var.event_bus_arn,
    var.max_key_age_days,
    var.grace_days,
    var.min_grace_days_without_console,
    var.hold_while_used_days,
  ]
}

run "wrong_values_second_set" {
  command = plan

  variables {
    name                      = "team/rotation"                                           # holds a slash
    tags                      = { "access-key-rotation:intent" = "x" }                    # holds a key of the function's record
    user_tag                  = { key = join("", [for i in range(103) : "k"]) }           # has a key without room for overrides
    max_rotations_per_run     = 1.5                                                       # is a fraction
    max_iam_writes_per_second = 0.5                                                       # is a fraction
    idle_after_days           = 1.5                                                       # is a fraction
    secret_name_prefix        = "keys/*"                                                  # has a wildcard
    secret_reader_arns        = ["arn:aws:sts::111122223333:assumed-role/ops/alice"]      # holds an assumed role
    users                     = { (join("", [for i in range(65) : "u"])) = {} }           # holds a name that is too long
    event_bus_arn             = "arn:aws:events:eu-west-1:111122223333:event-bus/central" # is of another region, to which no event can be sent

    max_key_age_days               = 3651 # is too large
    grace_days                     = 0.5  # is a fraction
    min_grace_days_without_console = 7.5  # is a fraction
    hold_while_used_days           = 0.5  # is a fraction
  }

  expect_failures = [
    var.name,
    var.tags,
    var.user_tag,
    var.max_rotations_per_run,
    var.max_iam_writes_per_second,
    var.idle_after_days,
    var.secret_name_prefix,
    var.secret_reader_arns,
    var.users,
    var.event_bus_arn,
    var.max_key_age_days,
    var.grace_days,
    var.min_grace_days_without_console,
    var.hold_while_used_days,
  ]
}

run "wrong_values_third_set" {
  command = plan

  variables {
    name                      = "a2345678901234567890123456789012345678901234567890" # is too long
    tags                      = { "a{b" = "x" }                                      # holds a key with a bad character
    user_tag                  = { value = "" }                                       # has an empty value
    max_rotations_per_run     = 5001                                                 # is beyond an account
    max_iam_writes_per_second = 101                                                  # is more than IAM takes
    secret_name_prefix        = join("", [for i in range(257) : "p"])                # is too long
    secret_reader_arns        = ["arn:aws:iam::111122223333:root"]                   # holds an account
    users                     = { alice = {}, Alice = {} }                           # holds one user twice

    max_key_age_days = 1 # is too small
  }

  expect_failures = [
    var.name,
    var.tags,
    var.user_tag,
    var.max_rotations_per_run,
    var.max_iam_writes_per_second,
    var.secret_name_prefix,
    var.secret_reader_arns,
    var.users,
    var.max_key_age_days,
  ]
}

run "wrong_values_fourth_set" {
  command = plan

  variables {
    name               = "aws-rotation"                                                                       # is reserved by ssm aws
    tags               = { a = "x;y" }                                                                        # holds a value with a bad character
    user_tag           = { value = "*" }                                                                      # has a wildcard value
    secret_reader_arns = [for i in range(90) : "arn:aws:iam::111122223333:role/a-role-with-a-long-name-${i}"] # is too large for a parameter
    users              = { alice = { email = "Alice <alice@example.com>" } }                                  # holds a bad e mail address

    warn_before_days   = -1 # is negative
    remind_before_days = -1 # is negative
    delete_after_days  = 0  # is zero
  }

  expect_failures = [
    var.name,
    var.tags,
    var.user_tag,
    var.secret_reader_arns,
    var.users,
    var.warn_before_days,
    var.remind_before_days,
    var.delete_after_days,
  ]
}

run "wrong_values_fifth_set" {
  command = plan

  variables {
    coverage_exempt_tag = { key = "aws:exempt", value = "x" }                                     # has a reserved key
    name                = "SSMrotation"                                                           # is reserved by ssm in any case
    tags                = { for i in range(41) : "k${i}" => "v" }                                 # is too many
    users               = { for i in range(150) : "user-${i}" => { email = "team@example.com" } } # shares an address with too many

    warn_before_days   = 0.5 # is a fraction
    remind_before_days = 0.5 # is a fraction
    delete_after_days  = 1.5 # is a fraction
  }

  expect_failures = [
    var.coverage_exempt_tag,
    var.name,
    var.tags,
    var.users,
    var.warn_before_days,
    var.remind_before_days,
    var.delete_after_days,
  ]
}

run "wrong_values_sixth_set" {
  command = plan

  variables {
    disable_unused_after_days = 45.5                                                                      # is a fraction
    coverage_exempt_tag       = { key = join("", [for i in range(129) : "k"]), value = "x" }              # has a key that is too long
    tags                      = { for i in range(20) : "k${i}" => join("", [for j in range(250) : "v"]) } # is too large for a parameter

    max_overlap_days = 30.5 # is a fraction
  }

  expect_failures = [
    var.disable_unused_after_days,
    var.coverage_exempt_tag,
    var.tags,
    var.max_overlap_days,
  ]
}

# What is allowed, at the edges.

run "the_shortest_life" {
  command = plan

  variables {
    schedule_expression            = "rate(1 minute)"
    max_key_age_days               = 4
    warn_before_days               = 2
    grace_days                     = 1
    min_grace_days_without_console = 1
    remind_before_days             = 0
    hold_while_used_days           = 1
    max_overlap_days               = 2
    delete_after_days              = 1
    idle_after_days                = 1
    disable_unused_after_days      = 3
  }
}

run "the_least_room_to_hold_after_the_grace" {
  command = plan

  variables {
    schedule_expression = "cron(0 6 * * ? *)"
    grace_days          = 20
    remind_before_days  = 6
    max_overlap_days    = 26
  }
}

run "the_least_room_to_hold_after_the_time_to_fetch" {
  command = plan

  variables {
    schedule_expression            = "cron(15 10 L * ? 2026-2030)"
    grace_days                     = 4
    min_grace_days_without_console = 27
  }
}

run "no_room_is_needed_without_a_hold" {
  command = plan

  variables {
    schedule_expression            = "cron(0 8 ? 1,4,7,10 6#1 *)"
    hold_until_moved               = false
    grace_days                     = 30
    min_grace_days_without_console = 30
    remind_before_days             = 29
  }
}

run "the_largest_values" {
  command = plan

  variables {
    disable_unused_after_days = 3650
    schedule_expression       = "rate(30 days)"
    name                      = join("", [for i in range(48) : "n"])
    max_rotations_per_run     = 5000
    max_key_age_days          = 3650
    idle_after_days           = 3650
    function                  = { memory_mb = 10240, log_retention_days = 3653 }
    monitoring                = { overdue_alarm_days = 3650, missed_run_alarm_hours = 168 }
    secret_name_prefix        = join("", [for i in range(256) : "p"])
    user_tag                  = { key = join("", [for i in range(102) : "k"]), value = join("", [for i in range(256) : "v"]) }
    coverage_exempt_tag       = { key = join("", [for i in range(128) : "k"]), value = join("", [for i in range(256) : "v"]) }
  }
}

run "unusual_but_right" {
  command = plan

  variables {
    schedule_expression = "cron(0/15 8-17 ? * MON-FRI *)"
    function = {
      timeout_seconds          = 120
      memory_mb                = "128" # Terraform converts it, as it would for a number
      architecture             = "x86_64"
      permissions_boundary_arn = "arn:aws-us-gov:iam::aws:policy/PowerUserAccess"
      role_path                = "/platform/keys+=,.@-_/"
      reserved_concurrency     = 2
      log_retention_days       = null
      vpc                      = { subnet_ids = ["subnet-0123456789abcdef0", "subnet-0a"], security_group_ids = ["sg-0123456789abcdef0"] }
    }
    monitoring          = { enabled = null, missed_run_alarm_hours = 1, overdue_alarm_days = 1, alarm_action_arns = null }
    tags                = { "cost centre" = "Zürich 4711", "team:owner" = "" }
    user_tag            = { key = "Schlüssel wechseln", value = "ja" }
    coverage_exempt_tag = { key = "Schlüssel wechseln", value = "nein" }
    secret_name_prefix  = "team_1/keys+=.@-"
    kms_key             = { arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef", keep_module_key = false }
    users = {
      "o+ne,two=three.four@x_y-z" = { reader_arns = ["arn:aws-cn:iam::111122223333:user/team/bob@x"], first_key = "false", smtp_regions = ["us-gov-west-1"] }
      bob                         = { email = null, reader_arns = null, first_key = null, smtp_regions = null }
    }
    operator_emails    = ["o.ne+keys@mail.example.co.uk"]
    event_bus_arn      = "arn:aws-us-gov:events:eu-central-1:444455556666:event-bus/aws.partner/x_y-z"
    secret_reader_arns = ["arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Ops_0123456789abcdef", "arn:aws-us-gov:iam::444455556666:user/ops/bob@x"]
  }
}

# The defaults of a field hold for a field that is null, and for a whole variable that is null.
run "null_is_the_default" {
  command = plan

  variables {
    users      = null
    user_tag   = { key = null, value = null }
    monitoring = null
    function = {
      architecture         = null, log_retention_days = null, memory_mb = null, permissions_boundary_arn = null,
      reserved_concurrency = null, role_path = null, runtime = null, timeout_seconds = null, vpc = null
    }
  }

  assert {
    condition = jsonencode(local.function) == jsonencode({
      architecture             = "arm64"
      log_retention_days       = 365
      memory_mb                = 512
      permissions_boundary_arn = null
      reserved_concurrency     = null
      role_path                = "/"
      runtime                  = "python3.13"
      timeout_seconds          = 900
      vpc                      = null
    })
    error_message = "function has other defaults."
  }

  assert {
    condition     = sort(keys(local.function)) == sort(local.fields.function) && sort(keys(local.monitoring)) == sort(local.fields.monitoring)
    error_message = "The fields that are admitted and those that are used must be the same."
  }

  assert {
    condition = alltrue([
      local.monitoring.enabled == true,
      local.monitoring.overdue_alarm_days == 14,
      local.monitoring.missed_run_alarm_hours == 48,
      length(local.monitoring.alarm_action_arns) == 0,
      local.user_tag == { key = "access-key-rotation", value = "enabled" },
      length(local.users) == 0,
    ])
    error_message = "monitoring, user_tag or users has other defaults."
  }
}

# Each field of cron() by itself: what EventBridge takes, and what it refuses.
run "fields_of_cron" {
  command = plan

  variables {
    schedule_expression = "rate(10 days)"
  }

  assert {
    condition = {
      for i, values in [
        ["0", "05", "59", "*", "*/5", "0/15", "0,30", "10-20", "0-30/10", "0-10,40-50/5"],
        ["0", "23", "08", "*", "8-17", "22-2", "*/2", "0/12", "0,6,12,18"],
        ["1", "31", "*", "?", "L", "LW", "L-3", "15W", "1,15", "1-7", "1/2", "1-31/30"],
        ["1", "12", "*", "JAN", "DEC", "jan", "JAN-MAR", "1,4,7,10", "JAN,JUL", "1/3", "*/2"],
        ["1", "7", "*", "?", "L", "5L", "FRIL", "6#3", "FRI#2", "SUN", "MON-FRI", "mon-fri", "SAT,SUN", "2-6"],
        ["*", "1970", "2199", "2026-2030", "2026,2028", "2026/2"],
      ] :
      local.cron_fields[i].field => [for value in values : value if !can(regex(local.cron_fields[i].pattern, value))]
    } == { for field in local.cron_fields : field.field => [] }
    error_message = "A field that EventBridge takes is refused."
  }

  assert {
    condition = {
      for i, values in [
        ["60", "-1", "*/60", "0/0", "*/0", "0/60", "?", "L", "5-", ",5", "5,", "1.5", "MON", "", "5 ", "1-2-3", "0/5/5"],
        ["24", "25", "*/24", "0/0", "?", "6am", "8-", "8-25", "1,24"],
        ["0", "32", "L,15", "W", "32W", "0W", "15L", "MON", "1/0", "1/32", "1-32", "1,32", "1#2"],
        ["0", "13", "?", "L", "JANUARY", "MON", "JAN-", "1/13", "1/0", "1,13"],
        ["0", "8", "W", "MO", "MONDAY", "JAN", "MON-FRY", "6#0", "6#6", "3#1,6#3", "8L", "LFRI", "1/8", "1/0"],
        ["1969", "2200", "26", "?", "L", "2026-2200", "2026/0"],
      ] :
      local.cron_fields[i].field => [for value in values : value if can(regex(local.cron_fields[i].pattern, value))]
    } == { for field in local.cron_fields : field.field => [] }
    error_message = "A field that EventBridge refuses is let through."
  }
}
