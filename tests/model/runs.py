"""How the machine is run: with which seed, and what hypothesis is told."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings, stateful
from hypothesis.internal.conjecture import engine
from hypothesis.strategies._internal import strategies
from hypothesis.stateful import run_state_machine_as_test


def spare_words() -> None:
    """For every step hypothesis describes all rules and the lambdas it filters them by, which takes
    a third of the time and is thrown away. Where its
    insides are as expected, descriptions are made once."""
    if hasattr(stateful, "Rule"):
        stateful.Rule.__repr__ = lambda rule: rule.function.__name__
    describe = getattr(strategies, "get_pretty_function_description", None)
    if describe is not None:
        known: dict[Any, str] = {}

        def described(function: Any) -> str:
            code = getattr(function, "__code__", function)
            if code not in known:
                known[code] = describe(function)
            return known[code]

        strategies.get_pretty_function_description = described


def spare_mutations() -> None:
    """Behind each example hypothesis tries a few in which one part of it stands twice, a fifth of
    the time. The values here are few, so that examples repeat themselves; drawn anew they are worth
    more."""
    if hasattr(engine.ConjectureRunner, "generate_mutations_from"):
        engine.ConjectureRunner.generate_mutations_from = lambda runner, data: None


spare_words()
spare_mutations()
STEPS = 50
SEED = int(os.environ.get("HF_SEED") or random.SystemRandom().randrange(2**32))


def run(machine: Any, examples: int, *phases: Phase) -> None:
    """Raises what the machine raised. Not on the main thread: there a call that may wait is made by
    a thread of its own for the sake of Ctrl-C, a third of the time of this test."""
    seed(SEED)(machine)
    told = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=phases,
    )
    with ThreadPoolExecutor(max_workers=1) as worker:
        worker.submit(run_state_machine_as_test, machine, settings=told).result()
