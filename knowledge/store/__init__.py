"""The knowledge store: records in SQLite, lexical search in its FTS5, dense search in Chroma."""

from .store import KnowledgeStore

__all__ = ["KnowledgeStore"]
