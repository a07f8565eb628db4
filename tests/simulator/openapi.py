# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulator itself takes and answers, as OpenAPI 3.1: made from the routes, their models and the switches.

It describes the simulator and not the platform, whose own description is part of the product. Switches that give
cases and lists another shape than they should have, or refuse calls by number, don't change it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from inspect import isfunction
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from .change import refusal
from .routes import BASE, TOKEN_PATH, ApiRoute

if TYPE_CHECKING:
    from .switches import Switches

Schema = dict[str, Any]

REF = "#/components/schemas/{model}"
ERROR = {"$ref": REF.format(model="Error")}


def refusals(switches: Switches) -> dict[str, tuple[int, ...]]:
    """Return the statuses of what is refused."""
    invalid = switches.invalid_value_status
    paging = (switches.limit_max and switches.limit_max_status, switches.skip_max and switches.skip_max_status)
    by_kind = {
        "token": (switches.token_status,),
        "case": (switches.unknown_case_status, 403, 404),
        "creation": (0 if switches.create else 405,),
        "history": (switches.activities_status,),
        "id": (404,),
        "tenant": (403,),
        "users": (switches.users_status,),
        "tenants": (switches.tenants_status,),
        "number": (invalid if invalid != 200 else 0,),
        "paging": (invalid if invalid != 200 else 400, *paging),
        "body": (400, 422, refusal(switches)),
        "need of paging": (422,),
    }
    return {kind: tuple(status for status in statuses if status) for kind, statuses in by_kind.items()}


def _parameters(route: ApiRoute) -> list[str]:
    """Return the names of the parameters in the path."""
    return re.findall(r"{(\w+)}", route.path)


class _Schemas:
    """Schemas of models, with the fields and values that there are with these switches."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self.components: dict[str, Schema] = {}

    def of(self, model: Any) -> Schema:
        """Return the schema of a model, and keep those that it refers to."""
        schema = TypeAdapter(model).json_schema(ref_template=REF)
        for name, part in schema.pop("$defs", {}).items():
            self.components[name] = self._fitted(part)
        fitted: Schema = self._fitted(schema)
        return fitted

    def named(self, model: Any) -> Schema:
        """Return a reference to a model's schema, or the schema of what has no name."""
        schema = self.of(model)
        if "properties" not in schema:
            return schema
        self.components[model.__name__] = schema
        return {"$ref": REF.format(model=model.__name__)}

    def _fitted(self, schema: Any) -> Any:
        if isinstance(schema, list):
            return [self._fitted(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        fitted = {
            key: self._fitted(value) for key, value in schema.items() if key not in ("title", "x-switch", "x-values")
        }
        if "properties" in schema:
            kept = {name: part for name, part in schema["properties"].items() if self._is_on(part.get("x-switch"))}
            fitted["properties"] = {name: self._fitted(part) for name, part in kept.items()}
            if "required" in schema:
                fitted["required"] = [name for name in schema["required"] if name in kept]
        if "x-values" in schema:
            fitted["enum"] = [word for word in schema["enum"] if self._is_on(schema["x-values"].get(word))]
        return fitted

    def _is_on(self, switch: str | None) -> bool:
        return switch is None or getattr(self._switches, switch) not in (False, "absent")


class _Description:
    def __init__(self, routes: Sequence[ApiRoute], switches: Switches) -> None:
        self._routes = routes
        self._switches = switches
        self._refusals = refusals(switches)
        self.schemas = _Schemas(switches)

    def paths(self) -> dict[str, Any]:
        paths: dict[str, dict[str, Any]] = {}
        for route in self._routes:
            paths.setdefault(route.path, {})[route.method.lower()] = self._operation(route)
        return paths

    def _operation(self, route: ApiRoute) -> dict[str, Any]:
        is_login = route.path == TOKEN_PATH
        operation: dict[str, Any] = {
            "operationId": _id(route),
            "summary": _summary(route),
            "security": [{"key": []}, {"scopedKey": []}] if is_login else [{"token": []}],
            "parameters": [*map(_in_path, _parameters(route)), *self._query(route)],
            "responses": self._responses(route),
        }
        if route.body is not None:
            content = {"application/json": {"schema": self.schemas.named(route.body)}}
            operation["requestBody"] = {"required": True, "content": content}
        return operation

    def _query(self, route: ApiRoute) -> list[Schema]:
        if route.query is None:
            return []
        return [
            {"name": name, "in": "query", "schema": schema}
            | ({"style": "form", "explode": False} if schema.get("type") == "array" else {})
            for name, schema in self.schemas.of(route.query)["properties"].items()
        ]

    def _responses(self, route: ApiRoute) -> dict[str, Any]:
        success = getattr(self._switches, route.status) if route.status else 200
        statuses = {401, success if success >= 400 else 401}
        statuses |= {status for kind in route.refuses for status in self._refusals[kind]}
        media = "text/plain" if self._switches.error_body == "text" else "application/json"
        refused = {"description": "Refused", "content": {media: {"schema": ERROR}}}
        responses = {str(status): refused for status in sorted(statuses - {success if success < 400 else 0})}
        return ({str(success): self._answer(route)} if success < 400 else {}) | responses

    def _answer(self, route: ApiRoute) -> dict[str, Any]:
        answer: dict[str, Any] = {"description": _summary(route)}
        model = route.answer(self._switches) if isfunction(route.answer) else route.answer
        if model is not None:
            schema = self.schemas.named(model)
            answer["content"] = {"application/json": {"schema": _enveloped(route.envelope, schema)}}
            links = self._links(route)
            if links:
                answer["links"] = links
        return answer

    def _links(self, route: ApiRoute) -> dict[str, Any]:
        """Lead from an answer to each route that something of it is the name for."""
        links = {}
        for target in self._routes:
            queried = [] if target.query is None else self.schemas.of(target.query)["properties"]
            taken = [name for name in (*_parameters(target), *queried) if name in route.ids]
            kept = [name for name in _parameters(target) if name not in taken]
            if taken and set(kept) <= set(_parameters(route)):
                parameters = {name: f"$response.body#{route.ids[name]}" for name in taken}
                parameters |= {name: f"$request.path.{name}" for name in kept}
                name = re.sub(r"[^A-Za-z]+", "_", _id(target)).strip("_")
                links[name] = {"operationId": _id(target), "parameters": parameters}
        return links


def _id(route: ApiRoute) -> str:
    return f"{route.method} {route.path.removeprefix(BASE)}"


def _summary(route: ApiRoute) -> str:
    """Return the first line of the endpoint's docstring."""
    return (route.endpoint.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def _in_path(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _enveloped(name: str, schema: Schema) -> Schema:
    if not name:
        return schema
    return {"type": "object", "properties": {name: schema}, "required": [name], "additionalProperties": False}


def _error(switches: Switches) -> Schema:
    text = {"type": "string"}
    return text if switches.error_body == "text" else _enveloped(switches.error_body, text)


def document(routes: Iterable[ApiRoute], switches: Switches) -> dict[str, Any]:
    """Describe the routes, as they are with these switches."""
    description = _Description(list(routes), switches)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Simulator of the Stellar Cyber Cases API",
            "description": "What the simulator takes and answers; nothing of it was compared with a real platform.",
            "version": switches.profile,
        },
        "paths": description.paths(),
        "components": {
            "schemas": {"Error": _error(switches), **dict(sorted(description.schemas.components.items()))},
            "securitySchemes": {
                "key": {"type": "http", "scheme": "basic", "description": "e-mail and API key"},
                "scopedKey": {"type": "http", "scheme": "bearer", "description": "a scoped key, itself a token"},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }
