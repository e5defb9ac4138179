"""A model that is wrong in one rule is found out: what compares models and library can tell them
apart."""

from __future__ import annotations

from hypothesis import Phase

from machine import SINGLE, Machine
from operations import DOMAINS
from runs import SEED, run
from words import Difference

RULES = {
    "save undismisses": "inbox",
    "equal sequence, other id": "cursors",
    "fail counts twice": "outbox",
    "expired documents stay": "documents",
    "replay other fingerprint": "idempotency",
    "any token": "locks",
    "a set-back revives": "documents",
    "object before its operation": "documents",
    "a prefix is one scope": "idempotency",
}
"""And where each shows."""
ELSEWHERE = ["transaction", "kill", "migrate", "drain", "snapshot", "compact"]


def planted(rule: str) -> type[Machine]:
    """Draws what is done to that domain alone, with its clock and its openings: a rule that only a
    few operations in a row tell apart is found well within the examples there are."""
    others = [name for name, domain in SINGLE.items() if domain not in (RULES[rule], "clock")]
    reads = [f"read_{domain}" for domain in DOMAINS if domain != RULES[rule]]
    dropped = dict.fromkeys(name for name in others + reads + ELSEWHERE if hasattr(Machine, name))
    return type("Planted", (Machine,), {"wrong": frozenset({rule}), **dropped})


def found_in(rule: str) -> int:
    """The number of the example that finds it; 0: none does."""
    before = Machine.examples
    try:
        run(planted(rule), 2000, Phase.generate)
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
