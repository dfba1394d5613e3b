"""Each shape has exactly the properties of Graph's own schema, with the same kinds of value."""

import json
import types
from typing import Any, Union, get_args, get_origin

import msgspec
import pytest

from defender.shapes import Alert, Comment, Evidence, Incident, items, kinds, values

PREFIX = "microsoft.graph.security."
HELPERS = [cls for cls in vars(values).values() if isinstance(cls, type) and cls.__module__ == values.__name__]
BESIDE = {"Incident": {"alerts"}}  # stands beside the incident in its record
OLD = {"Comment": {"createdBy", "createdTime"}}  # the old spelling, in no schema
SHAPES = {
    **kinds.KINDS,
    "incident": Incident,
    "alert": Alert,
    "alertComment": Comment,
    "alertEvidence": Evidence,
    **{cls.__name__[0].lower() + cls.__name__[1:]: cls for cls in HELPERS},
}


@pytest.fixture(scope="module")
def definitions(samples) -> dict[str, Any]:
    return json.loads((samples / "schema" / "graph-security-v1.0.schema.json").read_text())["$defs"]


def test_all_48_kinds_of_evidence_are_known(definitions):
    named = {name.removeprefix(PREFIX) for name in definitions if name.endswith("Evidence")}
    assert set(kinds.KINDS) == named - {"alertEvidence"} and len(kinds.KINDS) == 48


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_the_properties_of_the_schema(definitions, name):
    shape = SHAPES[name]
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    wanted = set(definitions[PREFIX + name]["properties"]) - BESIDE.get(shape.__name__, set())
    assert set(fields) - {"@odata.type"} - OLD.get(shape.__name__, set()) == wanted
    assert all(field.default is None for field in fields.values())
    for property_name in wanted:
        schema = definitions[PREFIX + name]["properties"][property_name]
        kind = described(schema, definitions)
        # Evidence of any kind inside evidence: kept as it is, since no shape has the fields of all.
        assert annotated(fields[property_name].type) == ("dictionary" if kind == "evidence" else kind), property_name


def annotated(annotation: Any) -> Any:
    """The kind of value of a field: a word, the name of a shape, or a list of either."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(part for part in get_args(annotation) if part is not type(None))
    if get_origin(annotation) is list:
        return [annotated(get_args(annotation)[0])]
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation.__name__.lower()
    words = {str: "string", int: "integer", float: "number", bool: "boolean"}
    return words.get(annotation, "dictionary")


def described(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return described(choice, definitions)
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        target = definitions[name]
        if "enum" in target or target.get("type") == "string" or "anyOf" in target and "Evidence" not in name:
            return "string"
        return (
            name.removeprefix(PREFIX)
            .removesuffix(".any")
            .replace("alertEvidence", "evidence")
            .replace("alertComment", "comment")
            .lower()
        )
    kinds_named = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    word = next(kind for kind in kinds_named if kind != "null")
    return [described(schema["items"], definitions)] if word == "array" else word


def test_shapes_are_frozen():
    with pytest.raises(AttributeError):
        items.Incident(id="1").id = "2"
