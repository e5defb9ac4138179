"""A served store does what the models say: the machine of test_model.py, whose calls are commands
that python3-redis sends. What needs no lease there needs one here."""

from __future__ import annotations

import os
import time
from typing import Any

from hypothesis import Phase

import served
from library import Operation
from machine import Machine, Models
from runs import SEED, STEPS, run
from words import Done, Malformed

EXAMPLES = int(os.environ.get("HF_MODEL_EXAMPLES") or "100")


class ServedModels(Models):
    def call(self, operation: Operation) -> Done:
        if operation.args.get("lease") == 0:
            raise Malformed("HF_EINVAL")
        return super().call(operation)


class ServedMachine(Machine):
    kind = ServedModels


def main() -> None:
    print(
        f"seed {SEED}; again: "
        f"HF_SEED={SEED} HF_MODEL_EXAMPLES={EXAMPLES} ctest --preset release -R model_served",
        flush=True,
    )
    served.install()
    asked = [0]
    ask = served.Served.ask

    def counted(self: Any, *words: bytes) -> Any:
        asked[0] += 1
        return ask(self, *words)

    served.Served.ask = counted  # type: ignore[method-assign]
    started = time.monotonic()
    run(ServedMachine, EXAMPLES, Phase.generate, Phase.shrink)
    took = time.monotonic() - started
    print(
        f"figure: model test of a served store: {Machine.examples} examples of {STEPS} steps, "
        f"{Machine.mutations} mutations and transactions, {asked[0]} commands, "
        f"{Machine.kills} processes killed, {Machine.reopens} reopens: no difference, {took:.0f} s"
    )
    assert Machine.examples >= EXAMPLES


if __name__ == "__main__":
    main()
