"""What a plan says about a wrong value: which variable, field, user or account, and what is right.

`terraform test` can only expect that a variable is refused, and not with which words. So the cases
below become test files that expect nothing, and fail with all of the messages.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from scripts.with_terraform import program

from key_rotation.domain.settings import SettingsError, parse_settings
from tests.defaults import default_parameters
from tests.terraform.case import Case, plans
from tests.terraform.consumer_cases import CONSUMER_CASES

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = ROOT / "build" / "terraform-messages"
DAYS = "the days between a key's making and its end"
EXAMPLE = 'module { source = "./examples/multi-account" }'
CENTRAL = """
central_account = "default"
central_emails  = []
operator_emails = ["ops@example.com"]
"""


def in_words_of_the_function(name: str, **settings: int | bool) -> Case:
    """Settings that contradict each other: a plan says the same as a run, if they were made by
    hand."""
    texts = {setting: json.dumps(value) for setting, value in settings.items()}
    with pytest.raises(SettingsError) as refused:
        parse_settings(default_parameters(**texts), "/config")
    words = str(refused.value).removeprefix("parameter /config/")
    variables = "\n".join(f"{setting} = {text}" for setting, text in texts.items())
    return Case(name, variables, (f"{words}.",), rule=DAYS)


CASES = (
    Case(
        "warning_not_before_the_rotation",
        "warn_before_days = 90",
        ("warn_before_days must be less than max_key_age_days: otherwise every new key would",),
        rule=DAYS,
    ),
    Case(
        "hold_beyond_the_overlap",
        "hold_while_used_days = 31",
        ("max_overlap_days must be at least hold_while_used_days",),
        rule=DAYS,
    ),
    Case(
        "overlap_and_deletion_outlast_the_new_key",
        "max_overlap_days = 60",
        ("max_overlap_days + delete_after_days must be less than max_key_age_days: an old key",),
        rule=DAYS,
    ),
    Case(
        "grace_and_deletion_outlast_the_new_key",
        "grace_days = 10\ndelete_after_days = 80",
        ("grace_days + delete_after_days must be less than max_key_age_days: an old key must be",),
        rule=DAYS,
    ),
    in_words_of_the_function("reminder_beyond_the_grace", grace_days=3),
    in_words_of_the_function("reminder_beyond_the_time_to_fetch", min_grace_days_without_console=3),
    in_words_of_the_function("no_room_to_hold_after_the_grace", grace_days=28),
    Case(
        "unused_negative",
        "disable_unused_after_days = -1",
        (
            "disable_unused_after_days must be a whole number of days, or 0: never.",
            "disable_unused_after_days (-1) must be 0, or more than warn_before_days (7)",
        ),
        rule=DAYS,
    ),
    in_words_of_the_function("unused_at_its_warning", disable_unused_after_days=7),
    in_words_of_the_function("unused_at_birth", disable_unused_after_days=1, warn_before_days=0),
    in_words_of_the_function("unused_for_longer_than_it_lives", disable_unused_after_days=91),
    in_words_of_the_function(
        "no_room_to_hold_after_the_time_to_fetch",
        grace_days=10,
        min_grace_days_without_console=31,
        remind_before_days=0,
    ),
    Case(
        "grace_beyond_the_overlap_without_a_hold",
        """
        hold_until_moved               = false
        grace_days                     = 31
        min_grace_days_without_console = 32
        """,
        (
            "max_overlap_days must be at least grace_days: otherwise it would cut the grace short.",
            "max_overlap_days must be at least min_grace_days_without_console: otherwise it would",
        ),
        rule=DAYS,
    ),
    Case(
        "exempt_by_a_word",
        'user_tag = {}\n coverage_exempt_tag = "exempt"',
        ("coverage_exempt_tag must be an object such as",),
    ),
    Case(
        "exempt_by_half_a_tag",
        'user_tag = {}\n coverage_exempt_tag = { key = "exempt" }',
        ("coverage_exempt_tag.value must have 1 to 256 characters",),
    ),
    Case(
        "exempt_by_a_wildcard",
        'user_tag = {}\n coverage_exempt_tag = { key = "exempt", value = "*" }',
        ("coverage_exempt_tag.value must have 1 to 256 characters",),
    ),
    Case(
        "exempt_by_more_than_a_tag",
        'user_tag = {}\n coverage_exempt_tag = { key = "exempt", value = "yes", keys = "no" }',
        ("coverage_exempt_tag: there is no field keys. It has: key, value.",),
    ),
    Case(
        "exempt_by_wrong_types",
        "user_tag = {}\n coverage_exempt_tag = { key = [], value = {} }",
        (
            "coverage_exempt_tag.key must have 1 to 128 characters",
            "coverage_exempt_tag.value must have 1 to 256 characters",
        ),
    ),
    Case(
        "exempt_and_managed_at_once",
        """
        user_tag            = {}
        coverage_exempt_tag = { key = "Access-Key-Rotation", value = "enabled" }
        """,
        ("coverage_exempt_tag must not be user_tag, which makes a user managed.",),
    ),
    Case(
        "no_objects",
        'users = ["alice"]\n function = "large"\n monitoring = false\n user_tag = []',
        (
            "users must be a map from the names of IAM users to objects",
            "function must be an object such as { memory_mb = 512 }.",
            "monitoring must be an object such as",
            "user_tag must be an object such as",
        ),
    ),
    Case(
        "lists_of_objects",
        "users = [{}]\n function = [{ memory_mb = 512 }]\n monitoring = [{}]\n user_tag = [{}]",
        (
            "users must be a map from the names of IAM users to objects",
            "function must be an object such as { memory_mb = 512 }.",
            "monitoring must be an object such as",
            "user_tag must be an object such as",
        ),
    ),
    Case(
        "unknown_fields",
        """
        users = { alice = { mail = "alice@example.com" }, bob = { phone = 1, email = null } }
        function = {
          memory_size = 512
          vpc         = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], ipv6 = true }
        }
        monitoring = { enable = false }
        user_tag   = { key = "rotate", vaule = "yes" }
        """,
        (
            "users: there is no field mail (of alice), phone (of bob). An entry has: email, "
            "first_key, reader_arns, smtp_regions.",
            "function: there is no field memory_size. It has: architecture, log_retention_days, "
            "memory_mb, permissions_boundary_arn, reserved_concurrency, role_path, runtime, "
            "timeout_seconds, vpc.",
            "function.vpc must be an object with subnet_ids and security_group_ids, and nothing "
            "else, or null.",
            "monitoring: there is no field enable. It has: alarm_action_arns, enabled, "
            "missed_run_alarm_hours, overdue_alarm_days.",
            "user_tag: there is no field vaule. It has: key, value.",
        ),
    ),
    Case(
        "wrong_types",
        """
        users = {
          alice = null
          bob   = "bob@example.com"
          carol = []
          dave  = { email = 5 }
          erin  = { email = {} }
        }
        function = {
          architecture             = 64
          runtime                  = 3.13
          memory_mb                = "much"
          timeout_seconds          = true
          log_retention_days       = []
          reserved_concurrency     = {}
          role_path                = []
          permissions_boundary_arn = {}
          vpc                      = "vpc-1"
        }
        monitoring = {
          enabled                = "no"
          overdue_alarm_days     = {}
          missed_run_alarm_hours = "x"
          alarm_action_arns      = "arn:aws:sns:eu-west-1:123456789012:alarms"
        }
        user_tag = { key = [], value = {} }
        """,
        (
            'users: an entry must be an object such as { email = "alice@example.com" }, or {}. '
            "This is none: alice, bob, carol.",
            "users: an email must be a plain address such as alice@example.com, or be left out. "
            "Look at: dave, erin.",
            "function.architecture must be arm64 or x86_64.",
            "function.runtime must be python3.12, python3.13 or python3.14",
            "function.memory_mb must be a whole number of MB from 128 to 10240.",
            "function.timeout_seconds must be a whole number of seconds from 120 to 900",
            "function.log_retention_days must be one of the periods that CloudWatch Logs offers: ",
            "function.reserved_concurrency must be null, or a whole number, 2 or more",
            "function.role_path must begin and end with a slash",
            "function.permissions_boundary_arn must be the ARN of an IAM policy",
            "function.vpc must be an object with subnet_ids and security_group_ids",
            "function.vpc.subnet_ids must hold at least one id of a subnet",
            "function.vpc.security_group_ids must hold at least one id of a security group",
            "monitoring.enabled must be true or false.",
            "monitoring.overdue_alarm_days must be a whole number of days from 1 to 3650.",
            "monitoring.missed_run_alarm_hours must be a whole number of hours from 1 to 168",
            "monitoring.alarm_action_arns must be a list of at most 4 ARNs",
            "user_tag.key must have 1 to 102 characters",
            "user_tag.value must have 1 to 256 characters",
        ),
    ),
    Case(
        "too_small",
        """
        users = {
          "team/alice" = {}
          dave         = {}
          Dave         = {}
          erin         = { email = "Erin <erin@example.com>" }
        }
        function = {
          architecture             = "arm"
          runtime                  = "python3.11"
          memory_mb                = 127
          timeout_seconds          = 60
          log_retention_days       = 0
          reserved_concurrency     = 1
          role_path                = "platform"
          permissions_boundary_arn = "boundary"
          vpc                      = { subnet_ids = [], security_group_ids = [] }
        }
        monitoring = {
          overdue_alarm_days     = 0
          missed_run_alarm_hours = 0
          alarm_action_arns      = ["ops@example.com"]
        }
        """,
        (
            "users: a key must be the name of an IAM user without its path: 1 to 64 letters, "
            "digits and _+=,.@-. This is none: team/alice.",
            "users: IAM ignores upper and lower case in names, so these are one user: Dave, dave.",
            "users: an email must be a plain address such as alice@example.com, or be left out. "
            "Look at: erin.",
            "function.architecture must be arm64",
            "function.runtime must be python3.12",
            "function.memory_mb must be",
            "function.timeout_seconds must be",
            "function.log_retention_days must be",
            "function.reserved_concurrency must be",
            "function.role_path must begin",
            "function.permissions_boundary_arn must be",
            "function.vpc.subnet_ids must hold",
            "function.vpc.security_group_ids must hold",
            "monitoring.overdue_alarm_days must be",
            "monitoring.missed_run_alarm_hours must be",
            "monitoring.alarm_action_arns must be",
        ),
    ),
    Case(
        "too_large",
        """
        users = { for i in range(150) : "user-${i}" => { email = "team@example.com" } }
        function = {
          memory_mb          = 10241
          timeout_seconds    = 901
          log_retention_days = 100
          role_path          = "/${join("", [for i in range(512) : "p"])}/"
          vpc                = { subnet_ids = ["subnet-1", null], security_group_ids = ["default"] }
        }
        monitoring = {
          overdue_alarm_days     = 3651
          missed_run_alarm_hours = 169
          alarm_action_arns      = [for i in range(5) : "arn:aws:sns:eu-west-1:123456789012:a-${i}"]
        }
        """,
        (
            "users: at most 149 users can share one email",
            "function.memory_mb must be",
            "function.timeout_seconds must be",
            "function.log_retention_days must be",
            "function.role_path must begin",
            "function.vpc.subnet_ids must hold",
            "function.vpc.security_group_ids must hold",
            "monitoring.overdue_alarm_days must be",
            "monitoring.missed_run_alarm_hours must be",
            "monitoring.alarm_action_arns must be",
        ),
    ),
    Case(
        "fractions",
        """
        function = {
          memory_mb            = 512.5
          timeout_seconds      = 300.5
          log_retention_days   = 30.5
          reserved_concurrency = 2.5
          role_path            = "/plat form/"
          vpc                  = {}
        }
        monitoring = {
          overdue_alarm_days     = 1.5
          missed_run_alarm_hours = 1.5
          alarm_action_arns      = [null]
        }
        """,
        (
            "function.memory_mb must be",
            "function.timeout_seconds must be",
            "function.log_retention_days must be",
            "function.reserved_concurrency must be",
            "function.role_path must begin",
            "function.vpc.subnet_ids must hold",
            "function.vpc.security_group_ids must hold",
            "monitoring.overdue_alarm_days must be",
            "monitoring.missed_run_alarm_hours must be",
            "monitoring.alarm_action_arns must be",
        ),
    ),
    Case(
        "options_of_users",
        """
        users = {
          alice = { reader_arns = "arn:aws:iam::111122223333:role/deploy" }
          bob   = { reader_arns = ["arn:aws:iam::111122223333:role/*"], first_key = "perhaps" }
          carol = { smtp_regions = "eu-west-1" }
          dave  = { smtp_regions = ["Ireland"], first_key = [] }
          erin  = { reader_arns = [null], smtp_regions = [null] }
          frank = { reader_arns = ["arn:aws:iam::111122223333:root"], smtp_regions = {} }
          grace = { smtp_regions = ["eu-west-1", "eu-west-1"] }
          heidi = { reader_arns = [for i in range(2) : "arn:aws:iam::111122223333:role/deploy"] }
          ivan  = { reader_arns = [], smtp_regions = [], first_key = null }
        }
        """,
        (
            "users: reader_arns must be a list of ARNs of IAM users or roles "
            "(arn:aws:iam::123456789012:role/name), without wildcards, each once. For an assumed "
            "role (arn:aws:sts::...), give the role. Look at: alice, bob, erin, frank, heidi.",
            "users: first_key must be true or false. Look at: bob, dave.",
            "users: smtp_regions must be a list of regions such as eu-west-1, each once. Look at: "
            "carol, dave, erin, frank, grace.",
        ),
    ),
    Case(
        "options_of_a_user_too_large",
        """
        users = {
          alice = { reader_arns = ["arn:aws:iam::111122223333:role/deploy"] }
          bob = {
            reader_arns = [for i in range(61) : format("arn:aws:iam::111122223333:role/%033d", i)]
          }
        }
        """,
        (
            "users: the options of a user must fit into 4096 characters of JSON, the size of an "
            "SSM parameter. Use one role that all readers of a user assume. Look at: bob.",
        ),
    ),
    Case(
        "key_without_a_choice",
        """
        kms_key = { arn = "arn:aws:kms:eu-central-1:111122223333:key/mine" }
        """,
        ("kms_key.keep_module_key: you must choose. false, if",),
    ),
    Case(
        "key_without_an_arn",
        """
        kms_key = { arn = null, keep_module_key = "perhaps" }
        """,
        (
            "kms_key.arn must be the ARN of a KMS key (arn:aws:kms:<region>:<account>:key/<id>), "
            "not of an alias. For the module's own key, set kms_key to null.",
            "kms_key.keep_module_key: you must choose.",
        ),
    ),
    Case(
        "key_with_an_unknown_field",
        """
        kms_key = {
          arn             = "arn:aws:kms:eu-central-1:111122223333:key/mine"
          keep_module_key = true
          keep_own        = true
        }
        """,
        ("kms_key: there is no field keep_own. It has: arn, keep_module_key.",),
    ),
    Case(
        "key_by_its_arn_alone",
        'kms_key = "arn:aws:kms:eu-central-1:111122223333:key/mine"',
        ("kms_key must be an object such as { arn = aws_kms_key.secrets.arn, keep_module_key =",),
    ),
    Case(
        "dead_letter_operators",
        """
        dead_letter_operator_arns = ["arn:aws:sts::123456789012:assumed-role/on-call/somebody"]
        """,
        ("dead_letter_operator_arns must be ARNs of IAM users or roles",),
    ),
    Case(
        "reach",
        """
        user_path_prefix = "/services"
        never_user_arns  = ["arn:aws:iam::123456789012:user/admins/*"]
        """,
        (
            "user_path_prefix must begin and end with a slash",
            "never_user_arns must be ARNs of IAM users (arn:aws:iam::123456789012:user/name), "
            "without wildcards.",
        ),
    ),
    Case(
        "reach_too_large",
        """
        user_path_prefix = "/${join("", [for i in range(512) : "p"])}/"
        never_user_arns  = [for i in range(50) : "arn:aws:iam::123456789012:user/admin-${i}"]
        """,
        (
            "user_path_prefix must begin and end with a slash",
            "never_user_arns must fit into 2048 characters, since the role's policy holds them.",
        ),
    ),
    *(
        Case(f"schedule_{number}", f'schedule_expression = "{expression}"', (message,))
        for number, (expression, message) in enumerate(
            (
                ("daily", "schedule_expression must be rate() with a number and a unit"),
                ("cron(0 6 * * ?)", "schedule_expression must be rate() with a number and a unit"),
                ("rate(1.5 days)", "schedule_expression must be rate() with a number and a unit"),
                (
                    "rate(0 days)",
                    "schedule_expression: EventBridge refuses rate(0 days). The number",
                ),
                (
                    "rate(1 days)",
                    "schedule_expression: EventBridge refuses rate(1 days). The number",
                ),
                ("rate(2 day)", "schedule_expression: EventBridge refuses rate(2 day). The number"),
                (
                    "rate(1 week)",
                    "schedule_expression: EventBridge refuses rate(1 week). The number",
                ),
                (
                    "cron(60 25 32 13 ? 1969)",
                    "schedule_expression: EventBridge refuses 60 as minutes (0-59) and 25 as hours "
                    "(0-23) and 32 as day of the month (1-31) and 13 as month (1-12 or JAN-DEC) "
                    "and 1969 as year (1970-2199). A field is",
                ),
                (
                    "cron(0/0 6 ? * MON-FRY *)",
                    "schedule_expression: EventBridge refuses 0/0 as minutes (0-59) and MON-FRY as "
                    "day of the week (1-7 or SUN-SAT). A field is",
                ),
                ("cron(0 6 ? * ? *)", "schedule_expression: exactly one of day of the month"),
                ("cron(0 6 * * * *)", "schedule_expression: exactly one of day of the month"),
                ("cron(7 20 * * 1-7 *)", "schedule_expression: exactly one of day of the month"),
            )
        )
    ),
    Case(
        "accounts_list",
        f'accounts = [{{ id = "111122223333" }}]\n{CENTRAL}',
        ("accounts must be a map from names to objects",),
        EXAMPLE,
    ),
    Case(
        "accounts_unknown_fields",
        f"""
        accounts = {{
          default = {{ id = "111122223333", dryrun = true }}
          shop    = {{ id = "444455556666", maxage = 5, users = {{}} }}
        }}
        {CENTRAL}
        """,
        (
            "accounts: there is no field dryrun (of default), maxage (of shop). An entry has: "
            "dry_run, id, max_key_age_days, operator_emails, users.",
        ),
        EXAMPLE,
    ),
    Case(
        "accounts_wrong_types",
        f"""
        accounts = {{
          default = {{ id = "111122223333", dry_run = "no", max_key_age_days = "old" }}
          shop    = {{ operator_emails = "ops@example.com", users = ["alice"] }}
          data    = null
          store   = "444455556666"
        }}
        {CENTRAL}
        """,
        (
            'accounts: an entry must be an object such as { id = "444455556666" }. This is none: '
            "data, store.",
            "accounts: an id must be the 12 digits of an AWS account, as a string. Look at: data, "
            "shop, store.",
            "accounts: dry_run must be true or false. Look at: default.",
            "accounts: max_key_age_days must be a number of days. Look at: default.",
            "accounts: operator_emails must be a list of addresses. Look at: shop.",
            "accounts: users must be a map, as in the module. Look at: shop.",
        ),
        EXAMPLE,
    ),
    Case(
        "accounts_users",
        f"""
        accounts = {{
          default = {{ id = "111122223333", users = {{ alice = {{ mail = "a@example.com" }} }} }}
        }}
        region = "eu-central-1" # that of the provider here
        {CENTRAL}
        """,
        (
            "users: there is no field mail (of alice). An entry has: email, first_key, "
            "reader_arns, smtp_regions.",
        ),
        EXAMPLE,
    ),
    *CONSUMER_CASES,
)
PLANS = plans(CASES)


@pytest.fixture(scope="module")
def messages() -> Iterator[Mapping[str, list[str]]]:
    """The messages of each plan, by its name; one call of Terraform for all."""
    FILES.mkdir(parents=True, exist_ok=True)
    files = [FILES / f"{plan.title}.tftest.hcl" for plan in PLANS]
    try:
        for file, plan in zip(files, PLANS, strict=True):
            file.write_text(plan.text())
        folder = f"-test-directory={FILES.relative_to(ROOT)}"
        _terraform("init", "-no-color", "-backend=false", "-input=false", folder)
        yield _by_run(_terraform("test", "-json", folder))
    finally:  # or `terraform fmt -check` would find them
        for file in files:
            file.unlink(missing_ok=True)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.title)
def test_wrong_values_are_named(messages: Mapping[str, list[str]], plan: Case) -> None:
    found = messages[plan.title]

    assert len(found) == len(plan.messages), found
    for wanted in plan.messages:
        beginning = f"Invalid value for variable: {wanted}"
        assert [text for text in found if text.startswith(beginning)], (wanted, found)


def _by_run(output: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for line in output.splitlines():
        entry = json.loads(line)
        if entry["type"] == "diagnostic" and entry["diagnostic"]["severity"] == "error":
            diagnostic = entry["diagnostic"]
            found[entry["@testrun"]].append(f"{diagnostic['summary']}: {diagnostic['detail']}")
    return found


def _terraform(*arguments: str) -> str:
    done = subprocess.run(
        [program(), *arguments],
        cwd=ROOT,
        env={**os.environ, "TF_DATA_DIR": str(FILES / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    if arguments[0] == "init" and done.returncode != 0:
        pytest.fail(f"terraform init failed:\n{done.stdout}{done.stderr}")
    return done.stdout
