from pathlib import Path

__all__ = ["exported", "level"]


def level():
    return 0


def exported():
    return "exported"


def from_the_attic():
    from .attic import above

    return above()


def beside():
    return Path(__file__).with_name("beside.txt").read_text()
