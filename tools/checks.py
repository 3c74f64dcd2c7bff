"""The checks that a candidate must not fail to be predicted, ranked and reported."""

from ionwright.knowledge.records import Candidate

HARD_CHECKS = ("valid", "novel", "charge_balanced", "elements", "harmless")


def passes(candidate: Candidate) -> bool:
    """Whether no hard check failed; a check that was not made does not count against it."""
    return all(candidate.checks.get(check) is not False for check in HARD_CHECKS)
