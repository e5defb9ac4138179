"""The library does what the models say: 2,000 examples of 50 steps, with no difference."""

from __future__ import annotations

import os
import time

from hypothesis import Phase

from machine import Machine
from operations import left_out
from runs import SEED, STEPS, run

EXAMPLES = int(os.environ.get("HF_MODEL_EXAMPLES") or "2000")


def main() -> None:
    print(
        f"seed {SEED}; again: "
        f"HF_SEED={SEED} HF_MODEL_EXAMPLES={EXAMPLES} ctest --preset release -R model_test",
        flush=True,
    )
    assert not left_out(), f"operations that the machine never tries: {left_out()}"
    started = time.monotonic()
    run(Machine, EXAMPLES, Phase.generate, Phase.shrink)
    took = time.monotonic() - started
    print(
        f"figure: model test: {Machine.examples} examples of {STEPS} steps, "
        f"{Machine.mutations} mutations and transactions, "
        f"{Machine.kills} processes killed, {Machine.reopens} reopens: no difference, {took:.0f} s"
    )
    assert Machine.examples >= EXAMPLES


if __name__ == "__main__":
    main()
