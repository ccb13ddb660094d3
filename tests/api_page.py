"""The page of the HTTP interface, docs/reference/api.md, from the OpenAPI document: `python -m tests.api_page`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from serving.access.roles import OPEN_ROUTES, RIGHTS, ROLE_WORDS, required_right
from serving.app import application
from serving.months.data_folder import DataFolder
from serving.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"
Schema = Mapping[str, Any]
_HEAD = """# HTTP interface

Written by `python -m tests.api_page` from the service's OpenAPI document; do not edit. The service itself shows the
document at `/docs`, where requests can be tried, and at `/openapi.json`, both after sign-in.

- A program sends its key as `Authorization: Bearer KEY`; keys are made on `/account` or by `lights user key`.
- What a key sees is what its account sees: loans of its bank or area alone. An analyst sees pseudonyms in the place of
  household and loan numbers.
- An error is `application/problem+json` (RFC 9457), with `zh` and `en`: what is wrong and what to do.
- Beyond the requests a minute that `LIGHTS_REQUESTS_PER_MINUTE` allows the answer is 429, with `Retry-After`.
"""


def document() -> dict[str, Any]:
    """The OpenAPI document of a service without data, which is that of every service."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        app = application(DataFolder(data), Settings(data=data))
        try:
            return app.openapi()
        finally:
            app.state.context.database.engine.dispose()


def page() -> str:
    """The whole page."""
    described = document()
    return "\n".join([_HEAD, *_operations(described), *_schemas(described)])


def _operations(described: Schema) -> Iterator[str]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield from (f"## {method.upper()} {path}", "", operation["description"], "")
            yield f"- May be called by: {callers(path)}."
            if "requestBody" in operation:
                [body] = operation["requestBody"]["content"].values()
                yield f"- Body: JSON, {type_text(body['schema'])}."
            yield ""
            if operation.get("parameters"):
                yield from ("| parameter | in | value | meaning |", "|---|---|---|---|")
                yield from map(_parameter_row, operation["parameters"])
                yield ""
            yield from ("| status | answer |", "|---|---|")
            yield from (_answer_row(status, answer) for status, answer in operation["responses"].items())
            yield ""


def callers(path: str) -> str:
    """The roles that may call a route."""
    if path in OPEN_ROUTES:
        return "everybody, without a key"
    right = required_right(path)
    return ", ".join(ROLE_WORDS[role].en for role, rights in RIGHTS.items() if right in rights)


def _parameter_row(parameter: Schema) -> str:
    schema, required = parameter["schema"], " (required)" if parameter["required"] else ""
    default = f"; default {schema['default']}" if schema.get("default") is not None else ""
    meaning = parameter.get("description", "")
    return f"| `{parameter['name']}`{required} | {parameter['in']} | {type_text(schema)}{default} | {meaning} |"


def _answer_row(status: str, answer: Schema) -> str:
    contents = [f"{type_text(content['schema'])}" for content in answer.get("content", {}).values()]
    return f"| {status} | {'; '.join(filter(None, [answer['description'], *contents]))} |"


def _schemas(described: Schema) -> Iterator[str]:
    yield from ("## Bodies and answers", "")
    for name, schema in sorted(described["components"]["schemas"].items()):
        yield from (f"### {name}", "")
        if schema.get("description"):
            yield from (" ".join(schema["description"].split()), "")
        if "properties" not in schema:
            yield from (f"{type_text(schema)}", "")
            continue
        yield from ("| field | value | meaning |", "|---|---|---|")
        for field, of_field in schema["properties"].items():
            required = " (required)" if field in schema.get("required", ()) else ""
            yield f"| `{field}`{required} | {type_text(of_field)} | {of_field.get('description', '')} |"
        yield ""


def type_text(schema: Schema) -> str:
    """A schema in words: its type with its bounds, or a link to the chapter that describes it."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    for joined in ("anyOf", "oneOf"):
        if joined in schema:
            return " or ".join(type_text(each) for each in schema[joined])
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    kind = str(schema.get("format") or schema.get("type", "any"))
    if kind == "array":
        kind = f"list of {type_text(schema.get('items', {}))}"
    elif kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        kind = f"object of {type_text(schema['additionalProperties'])}"
    bounds = (
        ("minimum", "at least {}"),
        ("exclusiveMinimum", "more than {}"),
        ("maximum", "at most {}"),
        ("minLength", "at least {} characters"),
        ("maxLength", "at most {} characters"),
        ("minItems", "at least {} of them"),
        ("maxItems", "at most {} of them"),
        ("pattern", "written `{}`"),
    )
    limits = [text.format(str(schema[key]).replace("|", "\\|")) for key, text in bounds if key in schema]
    return ", ".join([kind, *limits])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
