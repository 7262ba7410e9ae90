"""Days pass after a rotation: one service has moved to its new key, the other one has not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.stage.account import HeldKey

from .scene import OTHER_SERVICE, SERVICE, Scene
from .tables import keys_table, look

Invoke = Callable[[Scene, Any], dict[str, Any]]
_BOTH = (SERVICE, OTHER_SERVICE)
_PAYLOAD = {"users": list(_BOTH)}


def show(scene: Scene, invoke: Invoke) -> None:
    """The end of the old key is decided by what IAM and Secrets Manager saw of each service."""
    scene.screen.step("A week passes: one service has moved, the other one has not")
    old = scene.held[OTHER_SERVICE][0]
    was = look(scene.account, _BOTH)
    _let_pass(scene, 4)
    _use(scene, scene.new_key_of(SERVICE), old)
    report = invoke(scene, _PAYLOAD)
    found = _done(report, OTHER_SERVICE)
    claim = f"day 4: {OTHER_SERVICE} is reminded, since nobody has fetched its new key"
    scene.show(claim, found == ["remind not_fetched"], found)
    found = _done(report, SERVICE)
    scene.show(f"day 4: {SERVICE} uses its new key, and hears nothing", found == [], found)

    _let_pass(scene, 3)
    _use(scene, scene.new_key_of(SERVICE), old)
    report = invoke(scene, _PAYLOAD)
    scene.screen.show(keys_table(_users(scene), look(scene.account, _BOTH), report, was))
    found = _done(report, SERVICE)
    claim = f"day 7: the old key of {SERVICE} goes, and nobody misses it"
    scene.show(claim, found == ["disable moved"], found)
    found = _done(report, OTHER_SERVICE)
    claim = f"day 7: the old key of {OTHER_SERVICE} is left on, since it is still used"
    scene.show(claim, found == ["hold still_in_use"], found)


def _let_pass(scene: Scene, days: float) -> None:
    for user in _BOTH:
        secret = f"{scene.outputs['secret_name_prefix']}{user}"
        scene.account.backdoor.let_days_pass(user, secret, days)


def _use(scene: Scene, *keys: HeldKey) -> None:
    for key in keys:
        scene.account.sts(key).get_caller_identity()


def _users(scene: Scene) -> Mapping[str, Any]:
    return {name: scene.outputs["iam_users"][name] for name in _BOTH}


def _done(report: Mapping[str, Any], user: str) -> list[str]:
    rows = [row for row in report["users"] if row["user"] == user]
    return [f"{row['action']} {row['reason']}" for row in rows]
