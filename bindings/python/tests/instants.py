"""Short names for the instants and durations of tests."""

from datetime import datetime, timedelta, timezone

import holdfast


def at(microseconds: int) -> datetime:
    """So long after the beginning of 1970."""
    try:
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + us(microseconds)
    except OverflowError:
        return holdfast.FarTime(microseconds)


def us(microseconds: int) -> timedelta:
    return timedelta(microseconds=microseconds)
