"""Faults that the product had, and what would notice each today: a sabotage that brings it back,
or, where no run of the function can have it, the tests of texts, plans and policies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownFault:
    """`sabotages` are by name, `tests` are `file::function`, or `file::run` of a Terraform test."""

    what: str
    sabotages: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


KNOWN_FAULTS = (
    KnownFault(
        "a record on a secret switched off the look at who can read it: policy, KMS key, replicas",
        (
            "the policy is not read before a key is stored",
            "a record of the policy stands in for the policy",
            "the KMS key is not compared",
            "replicas are not looked at",
            "a policy that somebody changed is not looked at before the old key goes",
        ),
    ),
    KnownFault(
        "a name was taken for an identity: who took over the owner's name could read, and an owner "
        "who was moved could not",
        ("the policy names the owner by what they are called",),
        (
            "tests/aws/test_access.py::test_an_owner_moved_in_the_grace_could_read_all_along",
            "tests/aws/test_access.py::test_a_policy_by_arn_keeps_the_old_key_until_the_moved_owner_can_read",
        ),
    ),
    KnownFault(
        "a secret without its tag was taken for that of its name's user, and showed them the key "
        "that somebody had left in it",
        (
            "a secret without a tag is taken for that of its name's user",
            "a policy is put right whatever a predecessor left in the secret",
        ),
        ("tests/aws/test_handler.py::test_a_tag_that_is_gone_or_forged_gives_a_successor_nothing",),
    ),
    KnownFault(
        "a change of readers reached a secret months later",
        (
            "a change of readers waits for the next warning",
            "a change of a user's own readers waits for the next warning",
            "a reader of one user may read every secret",
        ),
    ),
    KnownFault(
        "a leaked key that was switched on again counted as an ordinary one",
        (
            "a leaked key is not put on record",
            "a leaked key that is on again waits for its grace",
        ),
    ),
    KnownFault(
        "a key that AWS Health reported under another code was left on",
        tests=(
            "tests/unit/test_payload.py::test_an_event_of_aws_health_is_an_emergency",
            "tests/aws/test_handler.py::test_nobody_but_the_rule_can_send_an_event_of_aws_health",
            "tests/terraform/exposed_keys.tftest.hcl::exposed_keys",
        ),
    ),
    KnownFault(
        "a user with three keys was left alone without a word",
        ("more than two keys are nobody's business",),
    ),
    KnownFault(
        "a principal that IAM had just got to know stopped the run for everybody",
        tests=("tests/aws/test_access.py::test_a_principal_refused_for_some_seconds_fails_nobody",),
    ),
    KnownFault(
        "a KMS key went before the secrets had left it",
        ("the KMS key is not compared",),
        (
            "tests/terraform/module.tftest.hcl::the_former_key_stays_until_every_secret_has_moved",
            "tests/terraform/test_order.py::test_what_a_key_encrypts_moves_before_the_key_goes",
        ),
    ),
    KnownFault(
        "the policy of a deleted user's secret was one that Terraform cannot read",
        ("the account is not among the principals of a policy",),
        ("tests/unit/test_reading_policy.py::test_no_principal_stands_alone",),
    ),
    KnownFault(
        "a reader who was added ended the graces that messages had named",
        (
            "an end that a message named does not count",
            "the grace of the settings counts, not that of the message",
        ),
    ),
    KnownFault(
        "an emergency left nobody who could fetch the new key",
        ("an emergency does not ask who could fetch the new key",),
    ),
    KnownFault(
        "a plan took a package that was not its sources",
        tests=(
            "tests/terraform/test_package_guard.py::test_a_plan_refuses_a_package_that_is_not_its_sources",
        ),
    ),
    KnownFault(
        "the role was bound by the tag alone",
        ("a user with any value of the tag is managed",),
        (
            "tests/policies/test_policies.py::test_nothing_is_there_that_is_not_needed",
            "tests/policies/test_policies.py::test_everything_that_must_not_be_possible_is_denied",
        ),
    ),
    KnownFault(
        "words of strangers were links in our mail",
        tests=("tests/unit/test_mail.py::test_text_of_others_is_one_line_that_links_nowhere",),
    ),
    KnownFault(
        "the alarm for missing runs could be fed by anyone",
        tests=("tests/terraform/monitoring.tftest.hcl::alarms",),
    ),
    KnownFault(
        "subscriptions came and went unseen",
        ("a key is made although nobody hears of it",),
        (
            "tests/aws/test_notifier.py::test_a_strangers_subscription_is_no_operator",
            "tests/aws/test_notifier.py::test_an_operator_whose_subscription_ended_is_known",
            "tests/unit/test_notifications.py::test_a_digest_names_the_operators_who_do_not_get_it",
        ),
    ),
    KnownFault(
        "a key was deleted that somebody had used between two looks",
        ("a deletion does not ask when the key was used",),
    ),
    KnownFault(
        "small ones: cells that a spreadsheet calculates, error texts that drive a terminal",
        tests=(
            "tests/unit/test_screen.py::test_no_cell_is_a_formula",
            "tests/aws/test_command_line.py::test_csv_shows_a_name_that_a_spreadsheet_would_calculate",
            "tests/policies/test_guardrails.py::test_nobody_else_undoes_a_guard",
        ),
    ),
)
