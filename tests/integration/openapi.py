# SPDX-License-Identifier: Apache-2.0
"""The description of the control API, and real answers held against it: as much of JSON Schema
2020-12 as the description uses. A word that is not known here fails, so that nothing goes
unchecked."""

import datetime
import re

PROBLEM = "application/problem+json"
SCHEMAS = "#/components/schemas/"

TYPES = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "string": lambda v: isinstance(v, str),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}
UNCHECKED = {"description", "title", "properties", "$ref"}


def is_time(value):
    """RFC 3339 in UTC with milliseconds."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value):
        return False
    datetime.datetime.fromisoformat(value.removesuffix("Z"))
    return True


def json_equal(a, b):
    """JSON's equality: true is not 1."""
    return type(a) is type(b) and a == b


CHECKS = {
    "type": lambda w, v: any(TYPES[t](v) for t in ([w] if isinstance(w, str) else w)),
    "enum": lambda w, v: any(json_equal(v, item) for item in w),
    "const": json_equal,
    "minimum": lambda w, v: not TYPES["number"](v) or v >= w,
    "maximum": lambda w, v: not TYPES["number"](v) or v <= w,
    "minLength": lambda w, v: not isinstance(v, str) or len(v) >= w,
    "maxLength": lambda w, v: not isinstance(v, str) or len(v) <= w,
    "maxItems": lambda w, v: not isinstance(v, list) or len(v) <= w,
    "minItems": lambda w, v: not isinstance(v, list) or len(v) >= w,
    "pattern": lambda w, v: not isinstance(v, str) or re.search(w, v) is not None,
    "required": lambda w, v: not isinstance(v, dict) or set(w) <= set(v),
    "format": lambda w, v: not isinstance(v, str) or {"date-time": is_time}[w](v),
}


class Schemas:
    """The validator: faults(schema, value) is a list of sentences, empty for a good value."""

    def __init__(self, document):
        self.document = document

    def resolve(self, value):
        while "$ref" in value:
            found = self.document
            for name in value["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            value = found
        return value

    def faults(self, schema, value, at=""):
        schema = self.resolve(schema)
        found = []
        for word, wanted in schema.items():
            if word in CHECKS:
                if not CHECKS[word](wanted, value):
                    found.append(f"{at or '/'}: {word} {wanted}: {value!r}")
            elif word == "oneOf":
                fitting = [s for s in wanted if not self.faults(s, value, at)]
                if len(fitting) != 1:
                    found.append(f"{at or '/'}: {len(fitting)} of oneOf fit: {value!r}")
            elif word == "items":
                items = value if isinstance(value, list) else []
                for i, item in enumerate(items):
                    found += self.faults(wanted, item, f"{at}/{i}")
            elif word == "additionalProperties":
                found += self._members(schema, value, at)
            else:
                assert word in UNCHECKED, f"the validator does not know {word}"
        return found

    def _members(self, schema, value, at):
        if not isinstance(value, dict):
            return []
        assert schema["additionalProperties"] is False
        properties = schema.get("properties", {})
        found = [f"{at}/{name}: not described" for name in value if name not in properties]
        for name in value.keys() & properties.keys():
            found += self.faults(properties[name], value[name], f"{at}/{name}")
        return found


class Description:
    def __init__(self, document):
        self.document = document
        self.schemas = Schemas(document)
        self.seen = set()  # (method, path, status) of every answer that was checked

    def operations(self):
        """(method, path, operation) of each call."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                yield method.upper(), path, operation

    def operation(self, method, path):
        """The call that a request is, as (path of the description, operation)."""
        path = path.split("?")[0]
        for wanted, known, operation in self.operations():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(known))
            if wanted == method and re.fullmatch(pattern, path):
                return known, operation
        raise AssertionError(f"{method} {path} is not described")

    def check(self, method, path, answer):
        """The status is described, and so are type and content; refusals are problems."""
        known, operation = self.operation(method, path)
        responses = operation["responses"]
        status = str(answer.status)
        assert status in responses or answer.status >= 400, (method, path, status)
        response = self.schemas.resolve(responses.get(status, responses["default"]))
        self.seen.add((method, known, status))
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        content = response.get("content", {})
        assert answer.headers["Cache-Control"] == "no-store"
        if not content:
            assert answer.body == b"" and kind == "", (method, path, kind)
            return
        assert kind in content, (method, path, status, kind)
        if not kind.endswith("json"):
            return
        value = answer.json()
        faults = self.schemas.faults(content[kind]["schema"], value)
        assert not faults, (method, path, status, faults)
        if kind == PROBLEM:
            check_problem(value, answer.status)

    def check_thing(self, name, value):
        """Data of an event that is a thing of its own."""
        faults = self.schemas.faults({"$ref": SCHEMAS + name}, value)
        assert not faults, (name, faults)


def check_problem(value, status):
    """RFC 9457 §3.1: the status once more, and a sentence."""
    assert value["status"] == status and value["type"] == "about:blank", value
    assert value["title"] and value["detail"] and "\n" not in value["detail"], value
