"""The checks that a candidate must not fail to be predicted, ranked and reported."""

from ionwright.knowledge.records import Candidate

HARD_CHECKS = ("valid", "unique", "charge_balanced", "elements", "harmless", "relaxed")
NEW_ONLY = ("polymer",)  # materials of which only new ones are asked for; a known crystal will do


def passes(candidate: Candidate) -> bool:
    """Whether no hard check failed; a check that was not made does not count against it."""
    checks = (*HARD_CHECKS, "novel") if candidate.material in NEW_ONLY else HARD_CHECKS
    return all(candidate.checks.get(check) is not False for check in checks)
