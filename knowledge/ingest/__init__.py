"""Making the user's own documents, bibliographies, tables and structures searchable."""

from .ingest import Report, Skipped, ingest

__all__ = ["Report", "Skipped", "ingest"]
