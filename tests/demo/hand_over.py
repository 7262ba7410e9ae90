"""Days pass after a rotation: one service has moved to its new key, the other one has not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .scene import OTHER_SERVICE, SERVICE, Scene
from .tables import keys_table, look

type Invoke = Callable[[Scene, Any], dict[str, Any]]
_BOTH = (SERVICE, OTHER_SERVICE)


def show(scene: Scene, invoke: Invoke) -> None:
    """The end of the old key is decided by what IAM and Secrets Manager saw of each service."""
    scene.screen.step("A week passes: one service has moved, the other one has not")
    was = look(scene.account, _BOTH)
    report = _run_after(scene, invoke, 4)
    _claim(scene, report, OTHER_SERVICE, "day 4: {} is reminded to move", ["remind not_fetched"])
    _claim(scene, report, SERVICE, "day 4: {} uses its new key, and hears nothing", [])
    report = _run_after(scene, invoke, 3)
    users = {name: scene.outputs["iam_users"][name] for name in _BOTH}
    scene.screen.show(keys_table(users, look(scene.account, _BOTH), report, was))
    _claim(scene, report, SERVICE, "day 7: {}'s old key goes: it moved", ["disable moved"])
    is_used = "day 7: {}'s old key is left on: it is still used"
    _claim(scene, report, OTHER_SERVICE, is_used, ["hold still_in_use"])


def _run_after(scene: Scene, invoke: Invoke, days: float) -> dict[str, Any]:
    for user in _BOTH:
        secret = f"{scene.outputs['secret_name_prefix']}{user}"
        scene.account.backdoor.let_days_pass(user, secret, days)
    for key in (scene.new_key_of(SERVICE), scene.held[OTHER_SERVICE][0]):
        scene.account.sts(key).get_caller_identity()
    return invoke(scene, {"users": list(_BOTH)})


def _claim(
    scene: Scene, report: Mapping[str, Any], user: str, claim: str, wanted: list[str]
) -> None:
    rows = [row for row in report["users"] if row["user"] == user]
    found = [f"{row['action']} {row['reason']}" for row in rows]
    scene.show(claim.format(user), found == wanted, found)
