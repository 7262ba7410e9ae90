"""What is done in the accounts: one after the other where order matters, side by side elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from .account_map import AccountMap, RefusalError
from .artefact import Artefact, Plans
from .outcome import WARNING, Outcome, Result, outcome_of
from .pages import markdown
from .terraform import Terraform

Act = Callable[[str], Outcome]


@dataclass(frozen=True)
class Accounts:
    """`tell` gets signs of life; `jobs` accounts are worked on at a time."""

    map: AccountMap
    terraform: Terraform
    jobs: int
    tell: Callable[[str], None]

    def plan(
        self, names: Sequence[str], artefact: Artefact, *, destroy: bool, read_only: bool = False
    ) -> list[Outcome]:
        """Plans, saves the plans and what an apply elsewhere needs. Raises RefusalError.

        With `read_only` it writes no state, locks none and makes no workspace; what it leaves can
        be read, and not applied.
        """
        if destroy:
            self._refuse_central_alone(names)
        artefact.begin()
        self.terraform.init()
        there = self.terraform.workspaces()
        self._tell_of_leftovers(there)
        new = [name for name in names if name not in there]
        if not read_only:
            self.terraform.make_workspaces(new)

        def plan_one(name: str) -> Outcome:
            if read_only and name in new:
                why = "no workspace, and so no plan yet"
                artefact.text_of(name).write_text(f"{why}\n", encoding="utf-8")
                return Outcome(name, self.map.ids[name], Result.NEW, None, why)
            file = artefact.plan_of(name)
            answer = self.terraform.plan(name, file, destroy=destroy, lock=not read_only)
            results = {0: Result.NO_CHANGE, 2: Result.PLANNED}
            result = results.get(answer.status, Result.FAILED)
            outcome = outcome_of(name, self.map.ids[name], answer, result)
            text = outcome.why
            if destroy and not outcome.failed:  # what goes, rather than all its attributes
                text = "\n".join(outcome.changes)
            elif not outcome.failed:
                shown, text = self.terraform.show(name, file)
                if not shown:
                    outcome = replace(outcome, result=Result.FAILED, why=text)
            if outcome.result is not Result.PLANNED or read_only:
                file.unlink(missing_ok=True)
            lines = [*(f"{WARNING}{warning}" for warning in answer.warnings), text.strip()]
            artefact.text_of(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
            return outcome

        outcomes = self._in_order(
            names, plan_one, "plan to destroy" if destroy else "plan", last=False
        )
        artefact.page.write_text(markdown(outcomes, artefact, destroy=destroy), encoding="utf-8")
        if not read_only:
            artefact.write(outcomes, self.terraform, destroy=destroy)
        return outcomes

    def apply(self, only: Sequence[str] | None, artefact: Artefact) -> tuple[Plans, list[Outcome]]:
        """Applies what was planned, nothing else. Raises RefusalError before the first change."""
        plans = artefact.read()
        names = list(plans.outcomes) if only is None else only
        artefact.refuse_missing_plans(plans, names)
        artefact.refuse_another_terraform(plans, self.terraform)
        artefact.use_lock_file(self.terraform)
        self.terraform.init()
        artefact.refuse_other_inputs(plans, self.terraform)
        self._refuse_missing_states(plans, names)

        done = Result.DESTROYED if plans.destroy else Result.APPLIED

        def apply_one(name: str) -> Outcome:
            planned = plans.outcomes[name]
            if planned.failed:
                return replace(planned, why=f"not {done}, since its plan failed: {planned.why}")
            if planned.result is Result.NO_CHANGE:
                return planned
            answer = self.terraform.apply(name, artefact.plan_of(name))
            result = Result.FAILED if answer.status else done
            return outcome_of(name, planned.account_id, answer, result)

        word = "destroy" if plans.destroy else "apply"
        outcomes = self._in_order(names, apply_one, word, last=plans.destroy)
        artefact.note_applied(plans, outcomes)
        return plans, outcomes

    def drift(self, names: Sequence[str]) -> list[Outcome]:
        """Compares; changes, locks and saves nothing. Raises RefusalError."""
        self.terraform.init()
        there = self.terraform.workspaces()
        self._tell_of_leftovers(there)

        def compare_one(name: str) -> Outcome:
            if name not in there:
                why = "no workspace: never planned and applied"
                return Outcome(name, self.map.ids[name], Result.DRIFT, None, why)
            answer = self.terraform.compare(name)
            results = {0: Result.NO_CHANGE, 2: Result.DRIFT}
            return outcome_of(
                name, self.map.ids[name], answer, results.get(answer.status, Result.FAILED)
            )

        return self._in_order(names, compare_one, "compare", last=False)

    def _in_order(self, names: Sequence[str], act: Act, word: str, *, last: bool) -> list[Outcome]:
        def act_and_tell(name: str) -> Outcome:
            self.tell(f"{name}: {word} …")
            return act(name)

        central = self.map.central
        if last and central in names:
            return in_order(names, central, act_and_tell, self.jobs, self._spare_central)
        return in_order(names, central, act_and_tell, self.jobs)

    def _spare_central(self, failed: Sequence[str]) -> Outcome:
        why = f"not destroyed, since {listed(failed)} may still send to it"
        return Outcome(self.map.central, self.map.ids[self.map.central], Result.FAILED, None, why)

    def _refuse_central_alone(self, names: Sequence[str]) -> None:
        others = [name for name in self.map.ids if name not in names]
        if self.map.central in names and others:
            raise RefusalError(
                f"{self.map.central} is the central account, and {listed(others)} send to its bus "
                f"and topic. Destroy these first and take them out of {self.map.file}, or destroy "
                "all (--all)"
            )

    def _refuse_missing_states(self, plans: Plans, names: Sequence[str]) -> None:
        there = self.terraform.workspaces()
        missing = [name for name in names if name in plans.plan_hashes and name not in there]
        if missing:
            raise RefusalError(
                f"the state of {listed(missing)} is not here: the plan was made with states in "
                "files of another checkout. Keep the states in a backend that both share "
                "(versions.tf), or apply where you planned"
            )

    def _tell_of_leftovers(self, there: Sequence[str]) -> None:
        for name in there:
            if name not in self.map.ids:
                self.tell(
                    f"warning: there is a workspace {name}, and no such account in "
                    f"{self.map.file}. If its installation still exists, put the account back "
                    f"and destroy it; then `terraform workspace delete {name}`"
                )


def in_order(
    names: Sequence[str],
    central: str,
    act: Act,
    jobs: int,
    spare_central: Callable[[Sequence[str]], Outcome] | None = None,
) -> list[Outcome]:
    """The central account first, since the others send to it. With `spare_central` it is last, and
    spared if another one has failed."""
    others = [name for name in names if name != central]
    first = [_apart(act, central)] if central in names and spare_central is None else []
    with ThreadPoolExecutor(jobs) as pool:
        found = first + list(pool.map(act, others))
    if spare_central is not None:
        failed = [outcome.account for outcome in found if outcome.failed]
        found.append(spare_central(failed) if failed else _apart(act, central))
    return found


def _apart(act: Act, name: str) -> Outcome:
    """In another thread: in this one, Ctrl-C would kill Terraform before its state is written."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act, name).result()


def listed(names: Sequence[str]) -> str:
    """Such as "data, shop and warehouse"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
