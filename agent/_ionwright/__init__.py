"""Ionwright: battery materials design from a goal in plain words."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("ionwright")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"
