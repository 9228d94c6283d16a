"""The reference page of the API, made from its OpenAPI document: no script, nothing from elsewhere."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onefold.accounts.api import Permission, requires
from onefold.programs.web.api import api


@requires(Permission.SEE_EVENTS)
@require_safe
def api_docs(request: HttpRequest) -> HttpResponse:
    schema: dict[str, Any] = api.get_openapi_schema()
    operations = [
        _operation(schema, path, method, operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "api_docs.html", {"operations": operations, "info": schema["info"]})


def _operation(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answer = operation["responses"][200]["content"]["application/json"]["schema"]
    return {
        "path": path,
        "method": method.upper(),
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": operation.get("parameters", []),
        "body": _fields(schema, body),
        "answer": _fields(schema, answer),
    }


def _fields(schema: dict[str, Any], part: dict[str, Any] | None) -> list[dict[str, str]]:
    """Name, type and description of an object's properties."""
    if not part or "$ref" not in part:
        return []
    found = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return [
        {"name": name, "type": _type(field), "description": field.get("description", "")}
        for name, field in found.get("properties", {}).items()
    ]


def _type(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2].removesuffix("Out"))
    if "anyOf" in field:
        return " or ".join(_type(one) for one in field["anyOf"])
    if "enum" in field:
        return " or ".join(map(str, field["enum"]))
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    if "const" in field:
        return str(field["const"])
    return str(field.get("format") or field.get("type", "any"))
