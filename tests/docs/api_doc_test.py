"""docs/API.md against the gateway's own description of itself."""

import json
import os
import re
import unittest
import urllib.request

import documents

API = (documents.ROOT / "docs" / "API.md").read_text(encoding="utf-8")
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}


def documented():
    """(method, path) of every row that begins with a method, and the backend that it names."""
    return [((row[0], row[1].strip("`")), row[2]) for row in documents.rows(API)
            if len(row) == 4 and row[0] in METHODS]


def described():
    """The same of the gateway."""
    with urllib.request.urlopen(os.environ["SYNAPSE_BASE_URL"].rstrip("/") + "/openapi.json",
                                timeout=30) as answer:
        document = json.load(answer)
    found = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            served = re.search(r"Served by the backend `([^`]+)`", operation.get("description", ""))
            found[method.upper(), path] = served.group(1) if served else "–"
    return found, document


class Routes(unittest.TestCase):
    def test_every_route_is_there_once_and_none_is_invented(self):
        names = [route for route, _ in documented()]
        self.assertEqual(sorted(set(names)), sorted(names), "a route is there twice")
        self.assertEqual(sorted(names), sorted(described()[0]))

    def test_the_backends_are_the_conventional_ones(self):
        self.assertEqual(dict(documented()), described()[0])

    def test_routes_behind_the_gate_are_in_the_dashboards_table(self):
        section = API.split("\n## Dashboard\n", 1)[1].split("\n## ", 1)[0]
        there = {(row[0], row[1].strip("`")) for row in documents.rows(section) if row[0] in METHODS}
        _, document = described()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if operation["security"]:
                    self.assertIn((method.upper(), path), there)

    def test_paths_in_the_text_are_routes(self):
        """`/v1/…` and the like between backquotes; a path may stand for those below it."""
        paths = {path for _, path in described()[0]}
        shapes = [re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)) + r"(\?.*)?")
                  for path in paths]
        ours = API.split("\n## What backends have to serve\n", 1)[0]
        for text in re.findall(r"`(/[^`\s]*)`", documents.FENCED.sub("", ours)):
            path = text.removesuffix("/*")
            known = any(shape.fullmatch(path) for shape in shapes) or any(
                each.startswith(path + "/") for each in paths)
            self.assertTrue(known, f"{text} is no route")

    def test_statuses_of_openapi_are_explained(self):
        table = API.split("\n### Errors\n", 1)[1].split("\n### ", 1)[0]
        explained = set(re.findall(r"\d{3}", " ".join(row[0] for row in documents.rows(table))))
        _, document = described()
        used = {status for methods in document["paths"].values() for operation in methods.values()
                for status in operation["responses"] if status >= "400"}
        self.assertEqual(set(), used - explained)


if __name__ == "__main__":
    unittest.main()
