"""A declaration is checked when it is made, an argument when it is given."""

from typing import Annotated

import pytest
from pydantic import Field

from ionwright.knowledge.errors import InvalidRequest
from ionwright.tools.base import ToolResult, tool, tool_named, tools
from ionwright.tools.context import Context


@tool
def double(ctx: Context, value: Annotated[int, Field(ge=0)], times: int = 2) -> ToolResult:
    """Multiply a number.

    Args:
        value: the number, not negative.
        times: the factor.
    """
    return ToolResult(text=str(value * times), data={"value": value * times})


def test_arguments_and_defaults_reach_the_function() -> None:
    assert double(Context(), value=4).data == {"value": 8}
    assert double(Context(), value=4, times=3).text == "12"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "value"),
        ({"value": -1}, "greater than or equal to 0"),
        ({"value": "many"}, "'many'"),
        ({"value": 1, "speed": 2}, "speed"),
    ],
)
def test_a_wrong_argument_is_named(arguments, words) -> None:
    with pytest.raises(InvalidRequest, match=words):
        double(Context(), **arguments)


def test_the_schema_describes_every_argument_and_hides_the_context() -> None:
    schema = double.schema()
    assert schema["name"] == "double"
    assert set(schema["parameters"]["properties"]) == {"value", "times"}
    assert schema["parameters"]["properties"]["times"]["description"] == "the factor."


def test_the_same_tool_serves_langchain() -> None:
    bound = double.as_langchain(Context())
    assert bound.invoke({"value": 5}) == "10"


def test_an_undocumented_argument_is_an_error_at_declaration() -> None:
    with pytest.raises(TypeError, match="'secret' needs a type and a description"):

        @tool
        def leaky(ctx: Context, secret: str) -> ToolResult:
            """Do something."""
            return ToolResult(text=secret)


def test_a_tool_without_summary_is_an_error_at_declaration() -> None:
    with pytest.raises(TypeError, match="summary"):

        @tool
        def silent(ctx: Context) -> ToolResult:
            return ToolResult(text="")


@pytest.mark.parametrize("name", sorted(tools()))
def test_every_installed_tool_has_a_model_readable_schema(name: str) -> None:
    schema = tool_named(name).schema()
    for argument in schema["parameters"]["properties"].values():
        assert argument["description"]


def test_an_unknown_tool_is_named_with_what_is_allowed() -> None:
    with pytest.raises(InvalidRequest, match=r"unknown tool .teleport.*generate"):
        tool_named("teleport")
