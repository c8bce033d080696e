"""Mistakes in a file of an operator's own: how the file is changed, what is then said, and the fix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from .test_files import FORM

ITEM, GET, POST = "/sso/{org}/out", "/sso/{org}/out get", "/sso/{org}/out post"
BODY = f"{POST} requestBody content {FORM} schema"
Change = Callable[[dict[str, Any]], object]


def item(change: Change) -> Change:
    """A change to the path item of the file."""
    return lambda content: change(content["paths"][ITEM])


def get(**members: Any) -> Change:
    """Members of its GET."""
    return item(lambda found: found["get"].update(members))


def parameter(*gone: str, **members: Any) -> Change:
    """The first parameter of its GET, without some of its members and with others. `in_` stands for `in`."""

    def change(found: dict[str, Any]) -> None:
        one = found["get"]["parameters"][0]
        for name in gone:
            del one[name]
        one.update({name.rstrip("_"): value for name, value in members.items()})

    return item(change)


def schema(**members: Any) -> Change:
    """The schema of that parameter."""
    return parameter(schema={"type": "string", **members})


def more(*parameters: Any) -> Change:
    """Further parameters of its GET."""
    return item(lambda found: found["get"]["parameters"].extend(parameters))


def form(**members: Any) -> Change:
    """The schema of its form."""
    return item(lambda found: found["post"]["requestBody"]["content"][FORM]["schema"].update(members))


A_LIST = "write a list, each item below the other after a -"
AN_OBJECT = "write its members below it, each as name: value"
ALL_THERE_ARE = "correct it; openapi/idp.yaml has all that there are"
WRITE_OUT = "write out here what it is, or refer to something under #/components/"
TYPES = "array, boolean, integer, number, object, string"

WRONG: dict[str, tuple[Change, str, str]] = {
    "no name": (parameter("name"), f"{GET} parameters 0: it has no name", "add name"),
    "no name and no in": (parameter("name", "in"), f"{GET} parameters 0: it has no name, in", "add name, in"),
    "no schema": (parameter("schema"), f"{GET} parameters 0: it has no schema", "add schema"),
    "a mistyped place": (
        parameter(in_="qurey"),
        f"{GET} parameters 0 in: it has to be one of: path, query, header, cookie",
        "did you mean query?",
    ),
    "a mistyped member": (
        parameter(requird=True),
        f"{GET} parameters 0: OpenAPI does not know requird here",
        "did you mean required?",
    ),
    "members of nothing": (
        parameter(x=1, y=1),
        f"{GET} parameters 0: OpenAPI does not know x and y here",
        "remove it",
    ),
    "a mistyped type": (
        schema(type="strin"),
        f"{GET} parameters 0 schema type: it has to be one of: {TYPES}",
        "did you mean string?",
    ),
    "OpenAPI 3.1": (
        schema(type=["string", "null"]),
        f"{GET} parameters 0 schema type: it is not a string",
        "write it in quotes",
    ),
    "a number in quotes": (
        schema(minLength="1"),
        f"{GET} parameters 0 schema minLength: it is not a whole number",
        "write a number such as 1",
    ),
    "a length below zero": (
        schema(minLength=-1),
        f"{GET} parameters 0 schema minLength: it is less than 0",
        "write 0 or more",
    ),
    "a choice of nothing": (
        schema(enum=[]),
        f"{GET} parameters 0 schema enum: it is empty",
        "add an item, or remove it",
    ),
    "a pattern that is none": (
        schema(pattern="("),
        f"{GET} parameters 0 schema pattern: it is not a regular expression",
        "put a backslash before what is meant as it is, as in \\(",
    ),
    "a default of another type": (
        schema(default=1),
        f"{GET}: a default does not fit its own schema",
        "correct the default, or the schema",
    ),
    "required of what is not there": (
        parameter(schema={"allOf": [{"type": "object"}], "required": ["b"]}),
        f"{GET}: required names b, which is not among properties",
        "describe it there, or remove it",
    ),
    "two kinds of examples": (
        parameter(example="a", examples={"a": {"value": "a"}}),
        f"{GET} parameters 0: it has both example and examples",
        "remove one of them",
    ),
    "no parameter of the path": (
        item(lambda found: (found.pop("parameters"), found.pop("post"))),
        f"{GET}: no parameter describes {{org}}",
        "add a parameter with name: org, in: path, required: true",
    ),
    "a parameter of another path": (
        more({"name": "realm", "in": "path", "required": True, "schema": {"type": "string"}}),
        f"{GET}: a parameter describes {{realm}}, which the path does not have",
        "remove it, or put it into the path",
    ),
    "a parameter of the path that may be left out": (
        item(lambda found: found["parameters"][0].pop("required")),
        f"{ITEM} parameters 0: it has no required",
        "add required: true",
    ),
    "a parameter twice": (
        more({"$ref": "#/components/parameters/PostLogoutRedirectUri"}),
        f"{GET} parameters: an item is there twice",
        "remove one of the two",
    ),
    "a name twice": (
        more({"name": "token", "in": "query", "schema": {"type": "integer"}}),
        f"{GET}: two parameters are called token",
        "remove one of them",
    ),
    "parameters as a table": (get(parameters={"token": "query"}), f"{GET} parameters: it is not a list", A_LIST),
    "a parameter that is a string": (more("token"), f"{GET} parameters 2: it is not an object", AN_OBJECT),
    "yes for true": (get(deprecated="yes"), f"{GET} deprecated: it is neither true nor false", "write true or false"),
    "an operation's mistyped member": (
        get(operationID="x"),
        f"{GET}: OpenAPI does not know operationID here",
        "did you mean operationId?",
    ),
    "a path's mistyped member": (
        item(lambda found: found.update(sumary="x")),
        f"{ITEM}: OpenAPI does not know sumary here",
        "did you mean summary?",
    ),
    "a response without description": (
        get(responses={200: {}}),
        f"{GET} responses 200: it has no description",
        "add description",
    ),
    "no responses": (get(responses={}), f"{GET} responses: it is empty", "add a member, or remove it"),
    "a body without content": (
        item(lambda found: found["post"].update(requestBody={})),
        f"{POST} requestBody: it has no content",
        "add content",
    ),
    "content as a list": (
        item(lambda found: found["post"]["requestBody"].update(content=[])),
        f"{POST} requestBody content: it is not an object",
        AN_OBJECT,
    ),
    "properties as a list": (form(properties=["token"]), f"{BODY} properties: it is not an object", AN_OBJECT),
    "a property that is a string": (
        form(properties={"token": "string"}),
        f"{BODY} properties token: it is not an object",
        AN_OBJECT,
    ),
    "required as in a parameter": (form(required=True), f"{BODY} required: it is not a list", A_LIST),
    "a form without fields": (
        item(lambda found: found["post"]["requestBody"]["content"].update({FORM: {"schema": {"type": "string"}}})),
        f"{POST} requestBody: the form has no fields",
        "list them under schema, properties",
    ),
    "a reference to nothing": (
        more({"$ref": "#/components/parameters/Stat"}),
        f"{GET} parameters 2: the document has no #/components/parameters/Stat",
        "did you mean State?",
    ),
    "a reference to nothing that is like anything": (
        more({"$ref": "#/components/parameters/Xyzzy"}),
        f"{GET} parameters 2: the document has no #/components/parameters/Xyzzy",
        ALL_THERE_ARE,
    ),
    "a mistyped kind of component": (
        parameter(schema={"$ref": "#/components/schema/Text"}),
        f"{GET} parameters 0 schema: the document has no #/components/schema/Text",
        "did you mean schemas?",
    ),
    "a reference to another file": (
        more({"$ref": "other.yaml#/x"}),
        f"{GET} parameters 2: it refers to other.yaml#/x, and not to a component of the document",
        WRITE_OUT,
    ),
    "a reference that leads in a circle": (
        more({"$ref": "#/paths/~1sso~1{org}~1out/get/parameters/2"}),
        f"{GET} parameters 2: it refers to #/paths/~1sso~1{{org}}~1out/get/parameters/2, "
        "and not to a component of the document",
        WRITE_OUT,
    ),
    "a reference to a part of a component": (
        more({"$ref": "#/components/parameters/State/schema"}),
        f"{GET} parameters 2: it refers to #/components/parameters/State/schema, "
        "and not to a component of the document",
        WRITE_OUT,
    ),
    "a reference and more": (
        parameter(schema={"$ref": "#/components/schemas/Text", "description": "x", "type": "integer"}),
        f"{GET} parameters 0 schema: next to $ref, OpenAPI ignores type",
        "remove it, or write out here what $ref stands for",
    ),
    "a schema for a parameter": (
        more({"$ref": "#/components/schemas/Text"}),
        f"{GET} parameters 2: it refers to #/components/schemas/Text, where a parameter belongs",
        "refer to something under #/components/parameters/",
    ),
    "a schema for a response": (
        get(responses={"200": {"$ref": "#/components/schemas/Text"}}),
        f"{GET} responses 200: it refers to #/components/schemas/Text, where a response belongs",
        "refer to something under #/components/responses/",
    ),
    "a schema for a body": (
        item(lambda found: found["post"].update(requestBody={"$ref": "#/components/schemas/Text"})),
        f"{POST} requestBody: it refers to #/components/schemas/Text, where a request body belongs",
        "refer to something under #/components/requestBodies/",
    ),
    "a parameter for a field": (
        form(properties={"token": {"$ref": "#/components/parameters/State"}}),
        f"{BODY} properties token: it refers to #/components/parameters/State, where a schema belongs",
        "refer to something under #/components/schemas/",
    ),
    "a date": (get(summary=date(2026, 1, 1)), f"{GET} summary: YAML reads a value as a date", "write it in quotes"),
    "a key that YAML reads as true": (
        get(**{"x-mine": {True: 1}}),
        f"{GET} x-mine: YAML reads a key as True",
        "write the key in quotes",
    ),
}
