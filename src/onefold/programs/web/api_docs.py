"""The reference page of the API, made from its OpenAPI document: no script, nothing from elsewhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onefold.accounts.api import Permission, requires
from onefold.programs.web.api import api

Json = dict[str, Any]


@requires(Permission.SEE_EVENTS)
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    schema: Json = api.get_openapi_schema()
    shapes = schema["components"]["schemas"]
    operations = [
        _operation(shapes, path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    shown = {one["answer_name"] for one in operations} | {one["body_name"] for one in operations}
    others = [{"name": _plain(name), "fields": _fields(shape)} for name, shape in shapes.items() if name not in shown]
    return render(request, "api_docs.html", {"operations": operations, "shapes": others, "info": schema["info"]})


def _operation(shapes: Json, path: str, method: str, operation: Json) -> Json:
    body = _name(operation.get("requestBody", {}))
    answer = _name(next((one for status, one in operation["responses"].items() if int(status) < 300), {}))
    return {
        "path": path,
        "method": method.upper(),
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": [_parameter(parameter) for parameter in operation.get("parameters", [])],
        "body_name": body,
        "body": _fields(shapes.get(body, {}) if body else _schema(operation.get("requestBody", {}))),
        "answer_name": answer,
        "answer": _fields(shapes.get(answer, {})),
    }


def _name(part: Json) -> str:
    """Name of the shape of a request's or an answer's JSON; empty if there is none."""
    return str(_schema(part).get("$ref", "")).rpartition("/")[2]


def _schema(part: Json) -> Json:
    found: Json = part.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _parameter(parameter: Json) -> Json:
    schema = parameter["schema"]
    said = [f"In the {parameter['in']}{', required' if parameter.get('required') else ''}."]
    if description := schema.get("description", ""):
        said.append(f"{description}.")
    if schema.get("default") not in {None, ""}:
        said.append(f"Default {schema['default']}.")
    return {"name": parameter["name"], "text": " ".join(said)}


def _fields(shape: Json) -> list[Json]:
    """Name, type and description of an object's properties."""
    return [
        {"name": name, "type": _type(field), "text": field.get("description", "")}
        for name, field in shape.get("properties", {}).items()
    ]


def _type(field: Json) -> str:
    if "$ref" in field:
        return _plain(field["$ref"].rpartition("/")[2])
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "enum" in field:
        return " or ".join(map(str, field["enum"]))
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    return str(field.get("format") or field.get("type", "any"))


def _plain(name: str) -> str:
    return name.removesuffix("Out")
