"""The tables of the benchmark, as docs/performance.md shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .cell import Result
from .claims import Claim
from .cold_start import ColdStart
from .command_line import ONE_BY_ONE, Answered
from .fetching import Fetching

# List prices of us-east-1, as in docs/operations.md.
GIGABYTE_SECOND = 0.0000133334  # Lambda on arm64
MEMORY_GIGABYTES = 0.5
SECRETS_MANAGER_CALL = 0.05 / 10_000
E_MAIL = 2 / 100_000
LAMBDA_LIMIT_SECONDS = 900


def dollars_of_a_year(result: Result) -> float:
    """365 runs like this one: Lambda's time, calls of Secrets Manager, and mail. What is paid for
    being installed (secrets, KMS key, metrics) is the same for every program, and not in it."""
    calls = result.calls.items()
    secrets = sum(number for name, number in calls if name.startswith("secretsmanager:"))
    a_run = (
        result.seconds * MEMORY_GIGABYTES * GIGABYTE_SECOND
        + secrets * SECRETS_MANAGER_CALL
        + result.calls.get("sns:Publish", 0) * E_MAIL
    )
    return 365 * a_run / result.runs


def main_table(names: Mapping[str, str], results: Sequence[Result]) -> list[str]:
    """One row per program and account."""
    lines = [
        "| users | due | program | calls | reading | mutating | per due key | seconds | "
        "peak MB | $ a year |",
        "|--:|--:|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for result in results:
        cell, total = result.cell, result.total
        per_key = f"{total / cell.due:,.1f}" if cell.due else ""
        late = " ¹" if result.seconds > LAMBDA_LIMIT_SECONDS * result.runs else ""
        lines.append(
            f"| {cell.users:,} | {cell.due:,} | {names[cell.handler]} | {total:,} | "
            f"{total - result.mutating:,} | {result.mutating:,} | {per_key} | "
            f"{result.seconds:,.1f}{late} | {result.peak_megabytes:.0f} | "
            f"{dollars_of_a_year(result):,.2f} |"
        )
    return lines


def operations_table(names: Mapping[str, str], results: Sequence[Result]) -> list[str]:
    """Calls by operation, a column per program."""
    operations = sorted({name for result in results for name in result.calls})
    head = " | ".join(names[result.cell.handler] for result in results)
    lines = [f"| operation | {head} |", "|---|" + "--:|" * len(results)]
    for operation in operations:
        numbers = " | ".join(f"{result.calls.get(operation, 0):,}" for result in results)
        lines.append(f"| `{operation}` | {numbers} |")
    return lines


def claims_table(claims: Sequence[Claim]) -> list[str]:
    lines = ["| what | must be | measured | |", "|---|---|---|---|"]
    for claim in claims:
        verdict = "reached" if claim.holds else "**missed**"
        lines.append(f"| {claim.what} | {claim.wanted} | {claim.measured} | {verdict} |")
    return lines


def command_table(answered: Sequence[Answered]) -> list[str]:
    """A row per command and account; the last is read one by one."""
    lines = ["| command | users | due | calls | seconds |", "|---|--:|--:|--:|--:|"]
    for each in answered:
        command = each.command
        note = " (everybody is read)" if command.line == ONE_BY_ONE else ""
        lines.append(
            f"| `key-rotation {command.line}`{note} | {command.users:,} | {command.due:,} | "
            f"{each.calls:,} | {each.seconds:,.1f} |"
        )
    return lines


_PAGE = """\
# Performance

Written by `make bench`, which takes some minutes on two cores; not by hand.

![Calls and time over the number of users](performance.svg)

Both programs run on the real botocore, which signs, sends, retries and parses; in place of the
network there is [an emulator](../bench/emulator.py) in the same process, with AWS's page sizes and
{latency:.0f} ms a call. The [plain loop](../bench/plain_loop.py) is what people write: list the
users, and the tags and keys of each. All users are managed, have a secret and a password; the keys
that are not due are 5 to 75 days old.

## What must be reached

{claims}

On Mondays, and for eight days after a change of readers, a run reads the policy of every secret
([ADR 21](adr/0021-a-change-of-readers-is-dated-by-aws.md)), and on the 28th of a month the keys of
every user ([ADR 15](adr/0015-the-credential-report-tells-whom-to-leave-out.md)). All other numbers
are of other days.

"Per due key" is what one more due key costs: the difference between 56 and 5,000 due, divided. The
rate limit of IAM writes (`max_iam_writes_per_second`) is 20: {average:.1f} a second were sent on
average, and at most {most} in any one second, since slots are given evenly and a thread may then
be a little late.

## All measurements

{grid}

¹ A Lambda function ends at {limit} s: this run would have been killed half-way.

## By operation: 5,000 users, 56 due

{typical}

## The command line

`key-rotation` on the same emulator, with its own number of threads.

{commands}

It reads one by one whoever may need attention, like a run; everybody else is known from the
credential report ([ADR 15](adr/0015-the-credential-report-tells-whom-to-leave-out.md)). That is
made first here, which takes most of the time: if a run, or another command, asked for one within 4
hours, it is there. On the 28th of a month `status --check` and `plan` read the keys of everybody.

## Cold start

Importing the function and making the clients of a quiet run takes {cold.ratio:.2f} times as long as
a handler that imports boto3 and makes one IAM client ({cold.quiet_run:.2f} s and
{cold.one_client:.2f} s of a processor here). As in Lambda, the zip is unpacked into a folder that
nobody can write to, so each start compiles the function's sources. What decides on users and serves
them, the clients of Secrets Manager, SNS and STS, and threads wait for the first user who needs
them.

## Fetching a key

On a server of the same machine that answers at once, `key-fetch process` takes
{fetched.process:.2f} s, and `aws secretsmanager get-secret-value` {fetched.aws:.2f} s. A `key-fetch
pull` that finds nothing new takes {fetched.pull:.2f} s, and one call. Most of it is the start of
Python and of botocore.

## How to read this

- **Waiting is not waited for.** When all threads of a run wait, [the clock](../bench/clock.py)
  jumps to the moment at which the first of them goes on; work takes the time that it takes here. So
  the seconds are those of a run on this machine. A Lambda of 512 MB has about 0.3 of a processor:
  it needs some seconds more for a quiet run, and a few minutes more for 5,000 rotations.
- How long AWS takes for a credential report is not documented. Assumed: one second per 1,000 users,
  and two at least.
- The peak is that of the whole process: Python, boto3, the emulated account and the emulator.
- Dollars: Lambda's time at 0.5 GB, calls of Secrets Manager and mail of 365 such runs, at list
  prices. An installation has [costs of its own](operations.md#what-it-costs).
- Throttles: every 100th call of IAM or Secrets Manager was answered with `Throttling`.
- Another program: `make bench BENCH="--handler module:function"` sets any `function(event,
  context)` that can be imported beside the two. `context.clock` is the benchmark's, and
  `time.sleep` is replaced by it.
"""


def page(
    names: Mapping[str, str],
    grid: Sequence[Result],
    typical: Sequence[Result],
    all_due: Result,
    claims: Sequence[Claim],
    cold: ColdStart,
    fetched: Fetching,
    answered: Sequence[Answered],
) -> str:
    """The whole of docs/performance.md."""
    return _PAGE.format(
        latency=1000 * all_due.cell.latency,
        claims="\n".join(claims_table(claims)),
        average=2 * all_due.rotated / all_due.seconds,
        most=all_due.most_iam_writes_in_a_second,
        grid="\n".join(main_table(names, grid)),
        limit=LAMBDA_LIMIT_SECONDS,
        typical="\n".join(operations_table(names, typical)),
        cold=cold,
        fetched=fetched,
        commands="\n".join(command_table(answered)),
    )
