"""What a plan of modules/consumer says about a wrong value."""

from __future__ import annotations

from tests.terraform.case import Case

_CONSUMER = 'module { source = "./modules/consumer" }'
_ARN = "arn:aws:%s:111122223333"
_GIVEN = f"""
        name        = "alice-key"
        kms_key_arn = "{_ARN % "kms:eu-central-1"}:key/of-the-module"
"""

CONSUMER_CASES = (
    Case(
        "consumer_wrong_values",
        """
        name                      = "1-consumer"
        user_name                 = "build-agent"
        secret_arn                = "iam-access-key/build-agent"
        kms_key_arn               = "alias/access-key-rotation"
        function_arn              = "deliver"
        event_bus_arn             = "default"
        alarm_topic_arns          = ["ops@example.com"]
        maximum_event_age_seconds = 3599.5
        tags                      = { "AWS:team" = "platform" }
        """,
        (
            "name must begin with a letter and hold only letters, digits, - and _",
            "secret_arn must be the whole ARN of a secret, with the six characters at its end",
            "kms_key_arn must be the ARN of a KMS key",
            "function_arn must be the ARN of a Lambda function",
            "event_bus_arn must be the ARN of an EventBridge bus",
            "alarm_topic_arns must be ARNs of SNS topics",
            "maximum_event_age_seconds must be a whole number of seconds from 3600, an hour, to "
            "86400, a day",
            "tags must hold at most 50 entries.",
        ),
        _CONSUMER,
    ),
    # A rule that looks at another variable is not evaluated when that one is wrong.
    Case(
        "consumer_of_nobody",
        f"""
        {_GIVEN}
        user_name    = "team/alice"
        installation = "a rotation"
        secret_arn   = "{_ARN % "secretsmanager:eu-central-1"}:secret:alice-AbCdEf"
        function_arn = "{_ARN % "lambda:eu-central-1"}:function:deliver"
        """,
        (
            "user_name must be the name of an IAM user without its path",
            "installation must be the `name` of the rotation module",
        ),
        _CONSUMER,
    ),
    Case(
        "consumer_elsewhere",
        f"""
        {_GIVEN}
        user_name = "alice"
        secret_arn       = "{_ARN % "secretsmanager:us-east-1"}:secret:alice-AbCdEf"
        function_arn     = "arn:aws:lambda:eu-central-1:444455556666:function:deliver"
        event_bus_arn    = "arn:aws:events:eu-central-1:444455556666:event-bus/central"
        alarm_topic_arns = ["{_ARN % "sns:us-east-1"}:on-call"]
        """,
        (
            "secret_arn must name a secret in the region and account of this consumer "
            "(eu-central-1, 111122223333).",
            "function_arn must name a function in the region and account of this consumer",
            "event_bus_arn must name a bus in the region and account of this consumer",
            "alarm_topic_arns must be in eu-central-1",
        ),
        _CONSUMER,
    ),
    Case(
        "consumer_of_another_users_secret",
        f"""
        {_GIVEN}
        user_name = "alice"
        secret_arn   = "{_ARN % "secretsmanager:eu-central-1"}:secret:iam-access-key/bob-AbCdEf"
        function_arn = "{_ARN % "lambda:eu-central-1"}:function:deliver"
        """,
        (
            "secret_arn must be that of alice: a secret's name ends with the name of its user. "
            "This one is called iam-access-key/bob.",
        ),
        _CONSUMER,
    ),
    Case(
        "consumer_and_the_rotation_itself",
        f"""
        {_GIVEN}
        user_name = "alice"
        installation     = "alice-key"
        secret_arn       = "{_ARN % "secretsmanager:eu-central-1"}:secret:alice-AbCdEf"
        function_arn     = "{_ARN % "lambda:eu-central-1"}:function:alice-key"
        alarm_topic_arns = ["{_ARN % "sns:eu-central-1"}:alice-key-alarms"]
        """,
        (
            "name must not be alice-key: the rotation alice-key has a rule and a queue of that "
            "name.",
            "function_arn must name your own function. alice-key is the one that rotates keys.",
            "alarm_topic_arns must not hold the topic alice-key-alarms",
        ),
        _CONSUMER,
    ),
    Case(
        "consumer_with_wildcards",
        f"""
        {_GIVEN}
        user_name = "alice"
        secret_arn       = "{_ARN % "secretsmanager:eu-central-1"}:secret:*"
        function_arn     = "{_ARN % "lambda:eu-central-1"}:function:deliver:$LATEST"
        alarm_topic_arns = [for i in range(6) : "{_ARN % "sns:eu-central-1"}:on-call-${{i}}"]
        """,
        (
            "secret_arn must be the whole ARN of a secret",
            "function_arn must be the ARN of a Lambda function",
            "alarm_topic_arns must hold at most 5 topics",
        ),
        _CONSUMER,
    ),
)
