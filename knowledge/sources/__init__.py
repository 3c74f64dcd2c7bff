"""Online databases of materials, molecules and publications, behind one interface."""

from .base import ADDRESSES, OnlineName, OnlineSource
from .online import look_up, source_named

__all__ = ["ADDRESSES", "OnlineName", "OnlineSource", "look_up", "source_named"]
