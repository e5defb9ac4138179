"""The library does what the models say: many examples of many steps, with no difference."""

from __future__ import annotations

import os
import random
import sys
import time

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from machine import Machine

EXAMPLES = int(os.environ.get("HF_MODEL_EXAMPLES", "2000"))
STEPS = 50


def main() -> None:
    chosen = int(os.environ.get("HF_SEED") or random.SystemRandom().randrange(2**32))
    print(f"seed {chosen}; again: HF_SEED={chosen} HF_MODEL_EXAMPLES={EXAMPLES} ctest --preset release -R model_test", flush=True)
    started = time.monotonic()
    seed(chosen)(Machine)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            database=None,
            deadline=None,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.normal,
            phases=[Phase.generate, Phase.shrink],
        ),
    )
    took = time.monotonic() - started
    print(
        f"figure: model test: {Machine.examples} examples of {STEPS} steps, {Machine.mutations} mutations or transactions, "
        f"{Machine.kills} processes killed, {Machine.reopens} reopens: no difference in {took:.0f} s"
    )
    assert Machine.examples >= EXAMPLES


if __name__ == "__main__":
    sys.exit(main())
