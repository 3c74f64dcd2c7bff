"""The command line. stdout carries data, stderr logs and progress; see the exit codes in errors."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import click

from ionwright.knowledge.errors import Cancelled, IonwrightError

LAZY_TOOLS = {
    "generate": "Propose new materials with a trained generator.",
    "predict": "Predict properties of materials, with intervals.",
    "search": "Search literature and database entries, each with its source.",
}


class Commands(click.Group):
    """Loads tool commands when they are asked for, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *LAZY_TOOLS])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in LAZY_TOOLS:
            return super().get_command(ctx, name)
        from ionwright.tools.base import tool_named

        from .commands import command_of
        from .terminal import found_lines, result_table

        if name == "search":
            from .questions import understood

            return command_of(tool_named(name), found_lines, prepare=understood)
        return command_of(tool_named(name), result_table)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = []
        for name in self.list_commands(ctx):
            known = LAZY_TOOLS.get(name)
            command = None if known else self.get_command(ctx, name)
            rows.append((name, known or (command.get_short_help_str(80) if command else "")))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ionwright")
def cli() -> None:
    """Ionwright: battery materials design from a goal in plain words, offline.

    Exit codes: 0 done, 1 the work failed, 2 the request was wrong, 3 the goal was refused,
    130 stopped by Ctrl-C.
    """


@cli.command()
@click.argument("words")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def interpret(words: str, as_json: bool) -> None:
    """Show how words are understood as a goal."""
    from .embedded import interpret as read_words
    from .report import goal_lines

    reading = read_words(words)
    if as_json:
        click.echo(reading.goal.model_dump_json())
        return
    for label, text in goal_lines(reading.goal):
        click.echo(f"{label:>16}  {text}")
    if reading.question:
        click.echo(f"{'question':>16}  {reading.question}")


@cli.command()
@click.argument("words", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--count", type=int, help="Candidates to return; the goal's own number if left out.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random numbers.")
@click.option("--model", default="embedded", show_default=True, help="Who reads the words.")
@click.option("--budget", type=float, help="Seconds after which no new round is begun.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.")
@click.option("--yes", is_flag=True, help="Do long steps without asking.")
@click.option("--resume", type=click.Path(path_type=Path), help="Continue this run.")
def design(words: str, as_json: bool, **options: Any) -> None:
    """Turn a goal in plain words into ranked candidates."""
    from .design import Request
    from .terminal import run_and_show

    if not words and not options["resume"]:
        raise click.UsageError("say what to design, or continue a run with --resume RUN")
    run_and_show(Request(words=words, **options), as_json)


@cli.command()
@click.argument("record", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the new run.")
def rerun(record: Path, as_json: bool, out: Path | None) -> None:
    """Make the candidates of a recorded run again, without interpreting its words."""
    from .terminal import rerun_and_compare

    rerun_and_compare(record, as_json, out)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def generators(as_json: bool) -> None:
    """List the generators with their conditions and card figures."""
    from .catalog import generator_rows

    _list(generator_rows(), as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def predictors(as_json: bool) -> None:
    """List the predictors with their properties and card figures."""
    from .catalog import predictor_rows

    _list(predictor_rows(), as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def tools(as_json: bool) -> None:
    """List the tools with their arguments."""
    from .catalog import tool_rows

    _list(tool_rows(), as_json)


@cli.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="What a table's column is: subject, formula, doi ... or 'sigma=ionic_conductivity mS/cm'.",
)
@click.option("--list", "listed", is_flag=True, help="Show the sources in the store.")
@click.option("--remove", metavar="SOURCE", help="Remove a source with all its entries.")
@click.option("--rebuild", is_flag=True, help="Make the vector index anew from the records.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def ingest(files: tuple[Path, ...], mapping: tuple[str, ...], **options: Any) -> None:
    """Make PDFs, bibliographies, tables, CIFs and texts searchable.

    Reads .pdf, .bib, .ris, .csv, .tsv, .json, .jsonl, .parquet, .cif, .md, .html and .txt, and
    folders of them. A file that is there already is passed over; a damaged one is reported.
    """
    from .library import ingest_and_show

    ingest_and_show(files, mapping, **options)


@cli.command()
@click.argument("name")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Folder or file with the training data.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Training steps; the recipe's own number if left out.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random numbers.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for weights.")
def train(name: str, data: Path, steps: int | None, seed: int, out: Path) -> None:
    """Train a generator on your own data."""
    from .training import train as run_training

    run_training(name, data, steps=steps, seed=seed, out=out)


@cli.command()
@click.argument("name", metavar="CLASS")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option(
    "-n",
    type=click.IntRange(min=10),
    default=1000,
    show_default=True,
    help="Samples of each generator.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random numbers.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True),
    help="Folder with the public data, for the published anchor.",
)
def bench(name: str, as_json: bool, n: int, seed: int, data: Path | None) -> None:
    """Measure generators of a class (crystals, polymers), the interpreter, knowledge or speed."""
    from .catalog import run_benchmark

    _list(run_benchmark(name, n=n, seed=seed, data=data), as_json)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7860,
    show_default=True,
    help="Port; 0 for any free one.",
)
@click.option("--auth", metavar="USER:PASSWORD", help="Ask for this name and password.")
def chat(host: str, port: int, auth: str | None) -> None:
    """Open the chat in the browser."""
    from .ui.app import launch

    launch(host=host, port=port, auth=auth)


def _list(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    from .terminal import plain_table

    click.echo(plain_table(rows))


def main() -> None:
    """Runs a command; every error becomes a line on stderr and an exit code."""
    logging.basicConfig(level=os.environ.get("IONWRIGHT_LOG", "WARNING").upper())
    try:
        cli.main(prog_name="ionwright", standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except IonwrightError as error:
        click.echo(f"ionwright: {error}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("ionwright: stopped", err=True)
        sys.exit(Cancelled.exit_code)
    except BrokenPipeError:  # the reader of our stdout has gone, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # the last edge: words for the user, the rest logged
        logging.getLogger("ionwright").debug("unexpected", exc_info=True)
        click.echo(
            f"ionwright: unexpected {type(error).__name__}: {error} "
            "(set IONWRIGHT_LOG=debug for the details, and please report this)",
            err=True,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
