"""Serving the chat: the page on this machine only, unless told otherwise, and nothing from afar."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from ionwright.knowledge.errors import InvalidRequest

from ..settings import Settings

# the browser itself then refuses requests to any other host
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'self'; base-uri 'self'; form-action 'self'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
LOCAL = ("127.0.0.1", "localhost", "::1")


def launch(*, host: str = "127.0.0.1", port: int = 7860, auth: str | None = None) -> None:
    """Serves the chat until it is stopped; prints its address on stdout.

    Args:
        host: address to listen on.
        port: 0 for any that is free.
        auth: `USER:PASSWORD`, asked for on a page of its own.

    Raises:
        InvalidRequest: if the address cannot be listened on, or `auth` is not of that form.
    """
    user = _credentials(auth)
    listening = _listen(host, port)
    if host not in LOCAL and user is None:
        click.echo(f"warning: anyone who reaches {host} can use this chat (see --auth)", err=True)
    with TemporaryDirectory(prefix="ionwright-chat-", ignore_cleanup_errors=True) as folder:
        os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
        os.environ["GRADIO_TEMP_DIR"] = folder  # the only folder that files are served from
        click.echo("starting the chat ...", err=True)
        _serve(_page(Path(folder), user), listening, host)


def _serve(page: Any, listening: socket.socket, host: str) -> None:
    import uvicorn

    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Ionwright: http://{shown}:{listening.getsockname()[1]}  (Ctrl-C stops it)")
    config = uvicorn.Config(page, log_level="warning", timeout_graceful_shutdown=2)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as tidily as Ctrl-C does
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def _page(folder: Path, user: tuple[str, str] | None) -> Any:
    """The web application: the page, and a policy that keeps it to this host."""
    import gradio as gr
    from fastapi import FastAPI

    from .page import CSS, HEAD, build, theme

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    gr.mount_gradio_app(
        app,
        build(Settings(), folder),
        path="/",
        auth=user,
        theme=theme(),
        css=CSS,
        head=HEAD,
        favicon_path=str(Path(__file__).with_name("favicon.svg")),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        max_file_size="1kb",
        show_error=False,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    return _Guarded(app)


class _Guarded:
    """Adds the headers to every answer; plain ASGI, so that a page that closes is noticed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, send_guarded)


def _credentials(auth: str | None) -> tuple[str, str] | None:
    if auth is None:
        return None
    name, colon, password = auth.partition(":")
    if not (name and colon and password):
        raise InvalidRequest("--auth is USER:PASSWORD; neither part may be empty")
    return name, password


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except OSError as error:
        raise InvalidRequest(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another --port "
            "(0 for any that is free) or --host"
        ) from error
    return listening
