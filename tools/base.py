"""`@tool`: one typed, documented function gives the model's schema, the command and the docs row.

A declaration is validated when it is made: an argument without a type or a line in the docstring
is an error at import, not at the first call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, get_type_hints

from docstring_parser import parse
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, create_model

from ionwright.knowledge.errors import InvalidRequest
from ionwright.knowledge.records import Candidate, Record

from .context import Context

if TYPE_CHECKING:
    from langchain_core.tools import StructuredTool


class ToolResult(Record):
    """What a tool gives back: a line for people, records for the run, data for programs."""

    text: str
    candidates: tuple[Candidate, ...] = ()
    data: dict[str, JsonValue] = {}
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flag:
    """How an argument is spelled on the command line where its plain name will not do."""

    spelling: str = ""
    short: str = ""
    positional: bool = False
    metavar: str = ""


@dataclass(frozen=True)
class Tool:
    """A declared tool. Call it with a context and keyword arguments."""

    name: str
    summary: str
    description: str
    arguments: type[BaseModel]
    function: Callable[..., ToolResult]
    estimate: Callable[..., float]

    def __call__(self, ctx: Context, **arguments: Any) -> ToolResult:
        """Validates the arguments and runs the tool.

        Raises:
            InvalidRequest: naming the argument, the value given and the rule it breaks.
        """
        checked = self.validate(arguments)
        return self.function(ctx, **{name: getattr(checked, name) for name in _names(checked)})

    def validate(self, arguments: dict[str, Any]) -> BaseModel:
        """The arguments as the tool's own model; raises `InvalidRequest` in words."""
        try:
            return self.arguments.model_validate(arguments)
        except ValidationError as error:
            raise InvalidRequest(f"{self.name}: {explain_validation(error)}") from error

    def seconds(self, arguments: dict[str, Any]) -> float:
        """Roughly how long a call takes on one core, to ask before costly work."""
        checked = self.validate(arguments)
        return self.estimate(**{name: getattr(checked, name) for name in _names(checked)})

    def schema(self) -> dict[str, Any]:
        """The JSON schema that a language model is shown."""
        parameters = self.arguments.model_json_schema()
        parameters.pop("title", None)
        return {"name": self.name, "description": self.description, "parameters": parameters}

    def as_langchain(self, ctx: Context) -> StructuredTool:
        """The same tool for LangChain and LangGraph, bound to a context; answers in short text."""
        from langchain_core.tools import StructuredTool

        return StructuredTool.from_function(
            func=lambda **arguments: self(ctx, **arguments).text,
            name=self.name,
            description=self.description,
            args_schema=self.arguments,
        )


def tool(
    function: Callable[..., ToolResult] | None = None,
    *,
    estimate: Callable[..., float] = lambda **_: 1.0,
) -> Any:
    """Declares a tool: a function `(ctx, ...) -> ToolResult` with types and a Google docstring.

    Args:
        function: the function to declare.
        estimate: from the same arguments to seconds on one core.

    Raises:
        TypeError: if an argument lacks a type or a description, or there is no summary.
    """
    if function is None:
        return lambda declared: tool(declared, estimate=estimate)
    docs = parse(function.__doc__ or "")
    if not docs.short_description:
        raise TypeError(f"tool {function.__name__}: the docstring needs a summary line")
    described = {param.arg_name: (param.description or "").strip() for param in docs.params}
    return Tool(
        name=function.__name__,
        summary=docs.short_description,
        description=docs.description or docs.short_description,
        arguments=_arguments_model(function, described),
        function=function,
        estimate=estimate,
    )


def _arguments_model(
    function: Callable[..., ToolResult], described: dict[str, str]
) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        if name not in hints or not described.get(name):
            raise TypeError(f"tool {function.__name__}: {name!r} needs a type and a description")
        required = parameter.default is inspect.Parameter.empty
        default = ... if required else parameter.default
        fields[name] = (hints[name], Field(default, description=described[name]))
    return create_model(
        function.__name__, __config__=ConfigDict(extra="forbid", frozen=True), **fields
    )


def _names(checked: BaseModel) -> list[str]:
    return list(type(checked).model_fields)


def explain_validation(error: ValidationError) -> str:
    """Field, rule and value of each fault, in one line of words."""
    faults = []
    for fault in error.errors(include_url=False):
        where = ".".join(str(part) for part in fault["loc"]) or "request"
        given = repr(fault.get("input"))
        given = given if len(given) <= 80 else given[:77] + "..."
        faults.append(f"{where}: {fault['msg'].removeprefix('Value error, ')} (given {given})")
    return "; ".join(faults)


def tools() -> dict[str, Tool]:
    """All installed tools by name, ours and third parties'."""
    found = entry_points(group="ionwright.tools")
    return {entry.name: entry.load() for entry in sorted(found, key=lambda entry: entry.name)}


def tool_named(name: str) -> Tool:
    """The tool of this name.

    Raises:
        InvalidRequest: if there is none; the message lists the names.
    """
    found = entry_points(group="ionwright.tools", name=name)
    if not found:
        names = sorted(entry_points(group="ionwright.tools").names)
        raise InvalidRequest(f"unknown tool {name!r}; allowed: {', '.join(names)}")
    return next(iter(found)).load()
