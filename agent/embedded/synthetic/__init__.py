"""Generated requests with their annotation, on which the tagger is trained."""

from .requests import Example, generate

__all__ = ["Example", "generate"]
