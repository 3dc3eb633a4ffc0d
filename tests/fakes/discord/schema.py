"""Discord's own OpenAPI description, where it lies beside the repository: is this what it says?"""

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry
from referencing.jsonschema import DRAFT202012

DESCRIPTION = Path(__file__).parents[4] / "shared" / "data" / "discord-openapi.json"

PRESENT = DESCRIPTION.exists()


@cache
def _description() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DESCRIPTION.read_text("utf-8"))
    return loaded


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry()
    return registry.with_resource("discord:", DRAFT202012.create_resource(_description()))


@cache
def _validator(pointer: tuple[str, ...]) -> Draft202012Validator | None:
    at: Any = _description()
    for step in pointer:
        if isinstance(at, dict) and "$ref" in at:
            return _validator(
                tuple(_unescaped(at["$ref"].removeprefix("#/")) + pointer[pointer.index(step) :])
            )
        if step not in at:
            return None
        at = at[step]
    escaped = "/".join(step.replace("~", "~0").replace("/", "~1") for step in pointer)
    return Draft202012Validator({"$ref": f"discord:#/{escaped}"}, registry=_registry())


def _unescaped(pointer: str) -> tuple[str, ...]:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/"))


def request_problem(method: str, path: str, body: Any) -> str:
    """Return what the description has against this body of a request; "" is nothing.

    A path or method that it does not describe is a problem.
    """
    if not PRESENT:
        return ""
    operation = _description()["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return f"{method} {path} is not described"
    if body is None:
        return ""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return f"{method} {path} takes no body"
    pointer = ("paths", path, method.lower(), "requestBody", "content", "application/json", "schema")
    return _problem(pointer, body)


def response_problem(method: str, path: str, status: int, body: Any) -> str:
    """Return what the description has against this answer; "" is nothing."""
    if not PRESENT:
        return ""
    operation = _description()["paths"].get(path, {}).get(method.lower(), {})
    if str(status) not in operation.get("responses", {}):
        return f"{method} {path} never answers {status}"
    content = operation["responses"][str(status)].get("content", {})
    if "application/json" not in content:
        return "" if body is None else f"{method} {path} answers {status} without a body"
    pointer = (
        "paths",
        path,
        method.lower(),
        "responses",
        str(status),
        "content",
        "application/json",
        "schema",
    )
    return _problem(pointer, body)


def object_problem(name: str, value: Any) -> str:
    """Return what the description's schema of that name has against the value; "" is nothing."""
    return _problem(("components", "schemas", name), value) if PRESENT else ""


def _problem(pointer: tuple[str, ...], value: Any) -> str:
    return _judged(pointer, json.dumps(value))


@lru_cache(maxsize=1_000)
def _judged(pointer: tuple[str, ...], text: str) -> str:
    """Judge once what is sent again and again: a whole command tree takes half a second."""
    validator = _validator(pointer)
    value = json.loads(text)
    if validator is None or validator.is_valid(value):
        return ""
    error = best_match(validator.iter_errors(value))
    return f"{'.'.join(map(str, error.absolute_path)) or 'the body'}: {error.message[:400]}"
