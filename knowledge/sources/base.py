"""One interface to online sources, with cache, timeouts, retries and rate limits.

Answers are kept on disk for a week, and longer when the source does not answer, so that what was
looked up once stays there without a network.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ionwright.knowledge.entries import Entry
from ionwright.knowledge.errors import NotAvailable

if TYPE_CHECKING:
    from requests import Session

OnlineName = Literal["materials_project", "optimade", "pubchem", "openalex", "crossref"]
ADDRESSES: dict[OnlineName, str] = {
    "materials_project": "https://api.materialsproject.org",
    "optimade": "https://optimade.materialsproject.org",
    "pubchem": "https://pubchem.ncbi.nlm.nih.gov",
    "openalex": "https://api.openalex.org",
    "crossref": "https://api.crossref.org",
}
TIMEOUT = (5.0, 20.0)  # seconds to connect, and between two pieces of an answer
RETRIES = 3
KEPT = timedelta(days=7)
AGENT = "ionwright (https://pypi.org/project/ionwright)"


class OnlineSource(ABC):
    """A database that is asked over the network."""

    name: ClassVar[OnlineName]
    per_second: ClassVar[float] = 3.0  # requests that it allows

    def __init__(self, session: Session, address: str = "", key: str = "") -> None:
        self._session = session
        self.address = (address or ADDRESSES[self.name]).rstrip("/")
        self._key = key

    @abstractmethod
    def search(self, words: str, names: Sequence[str], k: int) -> list[Entry]:
        """Up to k entries.

        Args:
            words: the question.
            names: formulas or names of what it is about; databases of materials need them.
            k: how many.

        Raises:
            NotAvailable: if the source cannot be reached or needs a key.
        """

    def _get(self, path: str, **parameters: Any) -> Any:
        """The JSON document at a path; None where the source knows nothing (404)."""
        import requests

        headers = {"X-API-Key": self._key} if self._key else {}
        try:
            answer = self._session.get(
                f"{self.address}{path}", params=parameters, headers=headers, timeout=TIMEOUT
            )
            if answer.status_code == 404:
                return None
            if answer.status_code in (401, 403):
                raise NotAvailable(f"{self.name} refuses the key: check it at its web page")
            answer.raise_for_status()
            return answer.json()
        except requests.JSONDecodeError as error:
            raise NotAvailable(f"{self.name} gave an answer that is no JSON: try later") from error
        except requests.HTTPError as error:
            raise NotAvailable(f"{self.name} answers with an error ({error}): try later") from error
        except (requests.RequestException, OSError) as error:
            raise NotAvailable(
                f"{self.name} at {self.address} cannot be reached ({type(error).__name__}); "
                "what is in the knowledge store is found without a network"
            ) from error


@cache
def session_for(folder: Path, per_second: float) -> Session:
    """A session that keeps answers below `folder`, retries, and holds a rate."""
    from requests import Session
    from requests.adapters import HTTPAdapter
    from requests_cache import CacheMixin
    from requests_ratelimiter import LimiterMixin
    from urllib3.util import Retry

    class Careful(CacheMixin, LimiterMixin, Session):
        """Cache first, so that a kept answer does not count against the rate."""

    folder.mkdir(parents=True, exist_ok=True)
    session = Careful(
        cache_name=str(folder / "online.sqlite"),
        serializer="json",  # the default is pickle
        expire_after=KEPT,
        stale_if_error=True,
        per_second=per_second,
    )
    retry = Retry(
        total=RETRIES,
        backoff_factor=0.3,
        backoff_max=10,
        status_forcelist=(429, 500, 502, 503, 504),
        raise_on_status=False,
    )
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    session.headers["User-Agent"] = AGENT
    return session
