"""A tool's declaration as a command: arguments become options, the result goes to stdout."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.files import write_atomically
from ionwright.knowledge.records import Target
from ionwright.knowledge.vocabulary import convert, property_of
from ionwright.tools.base import Flag, Tool, ToolResult, explain_validation

from .progress import Progress
from .settings import Settings

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_CONDITION = re.compile(
    rf"\s*(?P<key>[a-z_0-9]+)\s*(?:(?P<op>>=|<=|=)\s*(?P<low>{_NUMBER})"
    rf"(?:\s*\.\.\s*(?P<high>{_NUMBER}))?\s*(?P<unit>\S.*?)?|(?P<wish>max|min|report))\s*"
)


Prepare = Callable[[dict[str, Any]], dict[str, Any]]


def command_of(
    tool: Tool, show: Callable[[ToolResult], str], prepare: Prepare = lambda given: given
) -> click.Command:
    """The command of a tool.

    Args:
        tool: the declaration.
        show: the result as text for people, for when `--json` is not given.
        prepare: fills in arguments that were not given.
    """
    params = [_parameter(name, info) for name, info in tool.arguments.model_fields.items()]
    flags = {option for p in params for option in p.opts}
    params += [p for p in _surface() if not flags & set(p.opts)]

    def run(**given: Any) -> None:
        surface = {key: given.pop(f"surface_{key}", None) for key in ("json", "out", "device")}
        arguments = {k: _value(v) for k, v in given.items() if v is not None and v != ()}
        if "conditions" in arguments:
            arguments["conditions"] = [parse_condition(c) for c in arguments["conditions"]]
        with Progress() as progress:
            ctx = Settings().context(device=surface["device"], may_read_files=True)
            ctx.on_progress = progress.update
            progress.stop_sets(ctx.cancelled)
            result = tool(ctx, **prepare(arguments))
        _deliver(result, surface, show)

    return click.Command(tool.name, params=params, callback=run, help=tool.description)


def parse_condition(text: str, material: str | None = None) -> Target:
    """`property>=value unit`, `property=low..high unit`, `property max` as a target.

    Args:
        text: the condition as written.
        material: what it is of, where the canonical unit depends on it.

    Raises:
        InvalidRequest: with the forms that are understood.
    """
    found = _CONDITION.fullmatch(text)
    if not found:
        raise InvalidRequest(
            f"cannot read condition {text!r}: write property>=value unit, property<=value unit, "
            "property=value unit, property=low..high unit, property max or property min"
        )
    key, op = found["key"], found["op"] or found["wish"]
    unit = property_of(key).unit_for(material)
    try:
        values = [
            convert(float(found[side]), found["unit"] or unit, key, material=material)
            for side in ("low", "high")
            if found[side]
        ]
        if len(values) == 2:
            op = "between" if op == "=" else op
        value = values[0] if len(values) == 1 else tuple(values) or None
        return Target.model_validate({"property": key, "op": op, "value": value, "unit": unit})
    except ValidationError as error:
        raise InvalidRequest(f"condition {text!r}: {explain_validation(error)}") from error
    except ValueError as error:
        raise InvalidRequest(f"condition {text!r}: {error}") from error


def _parameter(name: str, info: FieldInfo) -> click.Parameter:
    flag = next((m for m in info.metadata if isinstance(m, Flag)), Flag())
    kind, many = _click_type(info.annotation)
    if flag.positional:
        return click.Argument(
            [name],
            type=kind,
            nargs=-1 if many else 1,
            required=info.is_required() or many,
            metavar=flag.metavar or None,
        )
    names = [flag.spelling or f"--{name.replace('_', '-')}", name]
    return click.Option(
        [flag.short, *names] if flag.short else names,
        type=kind,
        multiple=many,
        required=info.is_required(),
        default=None if info.is_required() or many else info.default,
        show_default=not (info.is_required() or many or info.default is None),
        help=info.description,
    )


def _click_type(annotation: Any) -> tuple[Any, bool]:
    """Click's type for an annotation, and whether the argument may be given several times."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _click_type(args[0])
    if origin in (Union, UnionType):
        return _click_type(next(a for a in args if a is not NoneType))
    if origin is Literal:
        return click.Choice(list(args)), False
    if origin in (list, tuple):
        inner, _ = _click_type(args[0])
        return (str if args[0] is Target else inner), True
    return (annotation if annotation in (int, float, bool) else str), False


def _surface() -> list[click.Option]:
    return [
        click.Option(["--json", "surface_json"], is_flag=True, help="One JSON document on stdout."),
        click.Option(["--device", "surface_device"], default="cpu", help="cpu, cuda or mps."),
        click.Option(
            ["--out", "surface_out"],
            type=click.Path(dir_okay=False, path_type=Path),
            help="File for the candidates, one a line (.jsonl).",
        ),
    ]


def _value(given: Any) -> Any:
    return list(given) if isinstance(given, tuple) else given


def _deliver(
    result: ToolResult, surface: dict[str, Any], show: Callable[[ToolResult], str]
) -> None:
    if surface["out"]:
        lines = "".join(c.model_dump_json() + "\n" for c in result.candidates)
        try:
            write_atomically(surface["out"], lines)
        except OSError as error:
            raise InvalidRequest(f"cannot write {surface['out']}: {error.strerror}") from error
    if surface["json"]:
        candidates = [c.model_dump(mode="json") for c in result.candidates]
        # a search's document is its results alone
        shown = {} if "results" in result.data else {"candidates": candidates}
        click.echo(json.dumps({**shown, **result.data}, ensure_ascii=False))
    elif surface["out"]:
        click.echo(f"{result.text}; written to {surface['out']}", file=sys.stderr)
    else:
        click.echo(show(result))
