# What the entries of `users` say, as the function reads it: which parameters there are, what they hold, and their hash.

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

variables {
  kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/brought-along", keep_module_key = false }
}

run "no_options_no_parameters" {
  command = plan

  variables {
    users = { alice = { email = "alice@example.com" }, bob = {}, carol = { first_key = false, reader_arns = [], smtp_regions = null } }
  }

  assert {
    condition     = length(aws_ssm_parameter.user_options) == 0 && aws_ssm_parameter.setting["user_options_sha256"].insecure_value == sha256("")
    error_message = "Without options there must be nothing to read."
  }
}

run "only_the_options_that_somebody_has" {
  command = plan

  variables {
    name = "keys-2"
    users = {
      alice = {
        email        = "alice@example.com"
        reader_arns  = ["arn:aws:iam::111122223333:role/deploy", "arn:aws:iam::444455556666:user/bob"]
        first_key    = true
        smtp_regions = ["eu-west-1", "us-east-1"]
      }
      build-agent = { reader_arns = toset(["arn:aws:iam::111122223333:role/ci"]) }
      carol       = { email = "carol@example.com" }
      "d+a,n"     = { first_key = "true" }
    }
  }

  assert {
    condition = { for key, parameter in aws_ssm_parameter.user_options : parameter.name => jsondecode(parameter.insecure_value) } == {
      "/keys-2/users/00-000" = {
        alice = {
          reader_arns  = ["arn:aws:iam::111122223333:role/deploy", "arn:aws:iam::444455556666:user/bob"]
          first_key    = true
          smtp_regions = ["eu-west-1", "us-east-1"]
        }
      }
      "/keys-2/users/00-001" = { build-agent = { reader_arns = ["arn:aws:iam::111122223333:role/ci"] } }
      "/keys-2/users/00-002" = { "d+a,n" = { first_key = true } }
    }
    error_message = "The parameters must hold the users who have options, and the options that they have."
  }

  assert {
    condition = alltrue([
      for parameter in aws_ssm_parameter.user_options :
      parameter.type == "String" && length(parameter.description) > 0 && length(parameter.insecure_value) <= 4096
    ])
    error_message = "Options must be in standard String parameters."
  }

  # As `sha256sum` writes lines; tests/unit/test_user_options.py has the function's side. module.tftest.hcl looks at the pin.
  assert {
    condition = aws_ssm_parameter.setting["user_options_sha256"].insecure_value == join(" ", concat(
      [sha256(join("", [
        for key in ["00-000", "00-001", "00-002"] :
        "${sha256(aws_ssm_parameter.user_options[key].insecure_value)}  ${key}\n"
      ]))],
      [
        for key in ["00-000", "00-001", "00-002"] :
        "${key}:${substr(sha256(aws_ssm_parameter.user_options[key].insecure_value), 0, 8)}"
      ],
    ))
    error_message = "The hash must be of all chunks, with their names, and a mark of each behind it."
  }

  # All entries of `users` are subscribed and get a secret, as before.
  assert {
    condition     = length(aws_secretsmanager_secret.user) == 4 && toset(keys(aws_sns_topic_subscription.email)) == toset(["alice@example.com", "carol@example.com"])
    error_message = "Options must not change who gets mail and secrets."
  }
}

# Every name, for whoever wants to know which of them is no managed user's.
run "all_names_are_there" {
  command = plan

  variables {
    name  = "keys-2"
    users = { alice = { email = "alice@example.com", first_key = true }, build-agent = {}, carol = { email = null } }
  }

  assert {
    condition = { for parameter in aws_ssm_parameter.user_names : parameter.name => jsondecode(parameter.insecure_value) } == {
      "/keys-2/config/user_names-000-000" = { alice = true, build-agent = false, carol = false }
    }
    error_message = "The parameter must hold all names, and whether they have an address."
  }
}

# A page more for 1,000 short names, and no name so long that it does not fit.
run "a_thousand_names" {
  command = plan

  variables {
    users = { for i in range(1000) : format("service-%04d", i) => {} }
  }

  assert {
    condition     = length(aws_ssm_parameter.user_names) <= 10
    error_message = "1,000 names must fit into a page: ${length(aws_ssm_parameter.user_names)} are too many."
  }

  assert {
    condition = (
      sum([for parameter in aws_ssm_parameter.user_names : length(jsondecode(parameter.insecure_value))]) == 1000 &&
      max([for parameter in aws_ssm_parameter.user_names : length(parameter.insecure_value)]...) <= 4096
    )
    error_message = "Every name must be there, once, and no parameter be larger than a standard one."
  }

  assert {
    condition     = length(aws_ssm_parameter.user_options) == 0
    error_message = "Without options there must be no parameter of options."
  }
}

run "long_names" {
  command = plan

  variables {
    users = { for i in range(200) : format("%064d", i) => { email = null } }
  }

  assert {
    condition = (
      sum([for parameter in aws_ssm_parameter.user_names : length(jsondecode(parameter.insecure_value))]) == 200 &&
      max([for parameter in aws_ssm_parameter.user_names : length(parameter.insecure_value)]...) <= 4096
    )
    error_message = "Long names must fit, too."
  }
}

# What a team would have: more than a few users, of whom one has a lot to say.
run "users_share_chunks" {
  command = plan

  variables {
    users = merge(
      { for i in range(40) : format("user-%02d", i) => { reader_arns = ["arn:aws:iam::111122223333:role/deploy-${i}"] } },
      { user-20a = { reader_arns = [for i in range(80) : "arn:aws:iam::111122223333:role/reader-${i}"] } },
    )
  }

  assert {
    condition = (
      length(aws_ssm_parameter.user_options) == 3 &&
      alltrue([for parameter in aws_ssm_parameter.user_options : length(parameter.insecure_value) <= 4096])
    )
    error_message = "Chunks must be filled, and none be larger than a standard parameter."
  }

  assert {
    condition = merge([for parameter in aws_ssm_parameter.user_options : jsondecode(parameter.insecure_value)]...) == {
      for name, user in var.users : name => { reader_arns = user.reader_arns }
    }
    error_message = "Every user must be in one of the chunks, whole."
  }
}

# An entry that is nearly as large as a parameter has one for itself.
run "a_large_entry" {
  command = plan

  variables {
    users = merge(
      { for i in range(30) : format("user-%02d", i) => { first_key = true } },
      { user-15-with-a-long-name = { reader_arns = [for i in range(60) : format("arn:aws:iam::111122223333:role/%033d", i)] } },
    )
  }

  assert {
    condition = one([
      for parameter in aws_ssm_parameter.user_options : join(" ", keys(jsondecode(parameter.insecure_value)))
      if strcontains(parameter.insecure_value, "user-15-with-a-long-name")
    ]) == "user-15-with-a-long-name"
    error_message = "A large entry must not share its parameter."
  }

  assert {
    condition     = length(aws_ssm_parameter.user_options) == 3 && alltrue([for parameter in aws_ssm_parameter.user_options : length(parameter.insecure_value) <= 4096])
    error_message = "The others must be in the parameter before and the one after."
  }
}

# A thousand users who all have some: 5,000 fit into 13 pages of 10. A change of one user changes the chunks of one group, since
# no group depends on another.
run "a_thousand_users" {
  command = plan

  variables {
    users = { for i in range(1000) : format("user-%04d", i) => { reader_arns = [format("arn:aws:iam::111122223333:role/deploy-%04d", i)] } }
  }

  assert {
    condition     = length(aws_ssm_parameter.user_options) <= 26
    error_message = "Options of a thousand users must fit into 26 parameters: ${length(aws_ssm_parameter.user_options)} are too many."
  }

  assert {
    condition     = max([for parameter in aws_ssm_parameter.user_options : length(parameter.insecure_value)]...) <= 4096
    error_message = "A chunk is larger than a standard parameter."
  }

  assert {
    condition     = length(aws_ssm_parameter.setting["user_options_sha256"].insecure_value) == 64 + 16 * length(aws_ssm_parameter.user_options)
    error_message = "There must be a mark of every chunk."
  }

  assert {
    condition     = sum([for parameter in aws_ssm_parameter.user_options : length(jsondecode(parameter.insecure_value))]) == 1000
    error_message = "Every user must be there, once."
  }

  assert {
    condition     = length(local.user_option_groups) == 8 && max([for counts in local.user_option_counts : length(counts)]...) <= 5
    error_message = "A group must have few chunks."
  }
}
