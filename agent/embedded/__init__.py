"""The offline interpreter: a request in plain words becomes a Goal, without any other service."""

from .interpret import interpret
from .reading import Reading

__all__ = ["Reading", "interpret"]
