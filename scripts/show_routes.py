#!/usr/bin/env python3
"""Prints what a running gateway routes where, from GET /api/backend-routes, and the names of its catalog with
how their deployments are, from GET /api/catalog.

    scripts/show_routes.py URL

The dashboard's token, where one is set, comes from SYNAPSE_DASHBOARD_ACCESS_TOKEN. Exit status: 0, 1 when
the answer is not what it should be, 2 when nothing answers, 64 wrong usage.
"""

import json
import os
import sys
import urllib.error
import urllib.request

TIMEOUT_SECONDS = 15


def fetch(url, path):
    request = urllib.request.Request(url.rstrip("/") + path)
    token = os.environ.get("SYNAPSE_DASHBOARD_ACCESS_TOKEN")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        return json.load(answer)


def catalog_of(url):
    """Its names; none where the gateway is older than its catalog."""
    try:
        return fetch(url, "/api/catalog").get("names", [])
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return []
        raise


def lines_of(name):
    """A name with its deployments, a tier's first one with the tier."""
    also = "".join(f", {alias}" for alias in name["aliases"])
    yield f"  {name['name']}" + (f", also{also[1:]}" if also else "")
    before = None
    for one in name["deployments"]:
        tier = f"tier {one['tier']}" if one["tier"] != before else ""
        before = one["tier"]
        state = one["state"].replace("_", " ") + (f": {one['reason']}" if one["reason"] else "")
        yield f"    {tier:<7} {one['backend']}  {one['model']}  ({state})"
    for what, label in (("any", "then"), ("context", "when too long:"), ("policy", "when refused:")):
        if name["fallbacks"][what] and (what == "any" or name["fallbacks"][what] != name["fallbacks"]["any"]):
            yield f"    {label} {', '.join(name['fallbacks'][what])}"


def main():
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__.strip())
        return 0
    if len(sys.argv) != 2 or not sys.argv[1].startswith(("http://", "https://")):
        print("usage: scripts/show_routes.py http://host:port", file=sys.stderr)
        return 64
    try:
        backends = fetch(sys.argv[1], "/api/backend-routes")
        rows = [(f"{route['method']} {route['path']}", name, backend["title"])
                for name, backend in backends.items()
                for group in backend["groups"] for route in group["routes"]]
        names = [line for name in catalog_of(sys.argv[1]) for line in lines_of(name)]
    except urllib.error.HTTPError as error:
        hint = " (SYNAPSE_DASHBOARD_ACCESS_TOKEN is not set or not the gateway's)" if error.code in (
            401, 403) else ""
        print(f"show_routes: {sys.argv[1]} answers {error.code}{hint}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"show_routes: nothing answers at {sys.argv[1]}: {getattr(error, 'reason', error)}",
              file=sys.stderr)
        return 2
    except (ValueError, KeyError, TypeError, AttributeError):
        print(f"show_routes: what answers at {sys.argv[1]} is no Synapse gateway", file=sys.stderr)
        return 1
    width = max((len(row[0]) for row in rows), default=0)
    for route, name, title in rows:
        print(f"{route:<{width}}  -> {name}" + (f" ({title})" if title != name else ""))
    if names:
        print("names", *names, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
