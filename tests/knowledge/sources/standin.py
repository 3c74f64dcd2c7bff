"""A local server that speaks the wire formats of the online sources, and their failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

# shaped as the services answer (fields that are not asked for left out)
MP_SUMMARY = {
    "data": [
        {
            "material_id": "mp-19017",
            "formula_pretty": "LiFePO4",
            "symmetry": {"crystal_system": "Orthorhombic", "symbol": "Pnma", "number": 62},
            "density": 3.4,
            "band_gap": 3.62,
            "formation_energy_per_atom": -2.57,
            "energy_above_hull": 0.0,
        }
    ],
    "meta": {"api_version": "0.84", "total_doc": 1},
}
MP_ELECTRODES = {
    "data": [
        {
            "battery_id": "mp-19017_Li",
            "working_ion": "Li",
            "formula_charge": "FePO4",
            "formula_discharge": "LiFePO4",
            "average_voltage": 3.39,
            "capacity_grav": 169.9,
            "energy_grav": 576.0,
            "max_delta_volume": 0.066,
        }
    ],
    "meta": {"total_doc": 1},
}
OPTIMADE = {
    "data": [
        {
            "type": "structures",
            "id": "mp-19017",
            "attributes": {"chemical_formula_reduced": "FeLiO4P", "nsites": 28},
        }
    ],
    "meta": {"api_version": "1.1.0", "more_data_available": False},
}
PUBCHEM = {
    "PropertyTable": {
        "Properties": [
            {
                "CID": 7303,
                "MolecularFormula": "C3H4O3",
                "MolecularWeight": "88.06",
                "SMILES": "C1COC(=O)O1",
                "IUPACName": "1,3-dioxolan-2-one",
            }
        ]
    }
}
OPENALEX = {
    "meta": {"count": 1},
    "results": [
        {
            "id": "https://openalex.org/W2000000001",
            "doi": "https://doi.org/10.1000/OPENALEX.1",
            "title": "Wetting of <i>garnet</i> pellets by gallium",
            "publication_year": 2022,
            "authorships": [{"author": {"display_name": "A. Person"}}],
            "primary_location": {"source": {"display_name": "Journal of Wetting"}},
            "abstract_inverted_index": {"Gallium": [0], "wets": [1], "garnets": [2, 4], "and": [3]},
        }
    ],
}
CROSSREF = {
    "status": "ok",
    "message": {
        "items": [
            {
                "DOI": "10.1000/crossref.1",
                "URL": "https://doi.org/10.1000/crossref.1",
                "title": ["Plates of zinc &amp; their roots"],
                "author": [{"given": "B.", "family": "Writer"}],
                "issued": {"date-parts": [[2021, 5]]},
                "container-title": ["Journal of Zinc"],
                "abstract": "<jats:p>Zinc plates root in the separator.</jats:p>",
            }
        ]
    },
}
ANSWERS = {
    "/materials/summary/": MP_SUMMARY,
    "/materials/insertion_electrodes/": MP_ELECTRODES,
    "/v1/structures": OPTIMADE,
    "/rest/pug/compound/name/ethylene%20carbonate/property/"
    "MolecularFormula,MolecularWeight,SMILES,IUPACName/JSON": PUBCHEM,
    "/works": OPENALEX,
}


class StandIn:
    """What was asked, and what goes wrong next: statuses to give before the real answer."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, list[str]], dict[str, str]]] = []
        self.failures: list[int] = []
        self.body: bytes | None = None
        self.address = ""


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """The server, for as long as the context lasts."""
    state = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = parse_qs(url.query)
            state.asked.append((url.path, asked, dict(self.headers)))
            if state.failures:
                self._give(state.failures.pop(0), b"try again")
            elif state.body is not None:
                self._give(200, state.body)
            elif url.path == "/works" and "query" in asked:
                self._json(CROSSREF)
            elif url.path in ANSWERS:
                self._json(ANSWERS[url.path])
            else:
                self._give(404, b'{"Fault": {"Code": "PUGREST.NotFound"}}')

        def _json(self, document: Any) -> None:
            self._give(200, json.dumps(document).encode())

        def _give(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
