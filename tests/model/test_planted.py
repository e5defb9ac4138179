"""A model that is wrong in one rule is found out: what compares models and library can tell them
apart."""

from __future__ import annotations

from hypothesis import Phase

from machine import Machine
from runs import SEED, run
from words import Difference

RULES = [
    "save undismisses",
    "equal sequence, other id",
    "fail counts twice",
    "expired documents stay",
    "replay other fingerprint",
    "any token",
    "a set-back revives",
    "object before its operation",
    "a prefix is one scope",
]


def found_in(rule: str) -> int:
    """The number of the example that finds it; 0: none does."""
    planted = type("Planted", (Machine,), {"wrong": frozenset({rule})})
    before = Machine.examples
    try:
        run(planted, 2000, Phase.generate)
    except Difference:
        return Machine.examples - before
    return 0


def main() -> None:
    print(f"seed {SEED}; again: HF_SEED={SEED} ctest --preset release -R model_planted", flush=True)
    for rule in RULES:
        example = found_in(rule)
        assert example, f"nothing tells a model with this rule from the library: {rule}"
        print(f"figure: planted in the model: {rule}: found in example {example}")


if __name__ == "__main__":
    main()
