#!/usr/bin/env python3
"""Checks a Secret before it goes to a cluster, and never prints a value of it.

    kubectl annotate --local -f FILE -o json checked-by=synapse |
        scripts/check_secret.py --file FILE --name NAME --namespace NAMESPACE --keys KEY,KEY...

Reads what kubectl made of the file (JSON documents), writes the one Secret for the namespace as JSON. The
exit status is 0, or 3 when the file is refused: not exactly one object, not that Secret, made for another
namespace, a key that is missing or empty, a value with CHANGE_ME in it, a password that differs from the
one in the Redis URL, a cluster secret that the gateway would refuse.
"""

import argparse
import base64
import binascii
import json
import sys
import urllib.parse

PLACEHOLDER = "CHANGE_ME"
REFUSED = 3
MIN_CLUSTER_SECRET = 16  # bytes, as the gateway asks for


class Refused(Exception):
    pass


def documents(text):
    """kubectl writes several objects one after the other."""
    decoder = json.JSONDecoder()
    found, position = [], 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        document, position = decoder.raw_decode(text, position)
        found += document.get("items", []) if document.get("kind", "").endswith("List") else [document]
    return found


def values_of(secret):
    """Key: value as text, the way Kubernetes reads them (stringData wins)."""
    values = {}
    for key, value in (secret.get("data") or {}).items():
        try:
            values[key] = base64.b64decode(value or "", validate=True).decode(errors="replace")
        except (binascii.Error, TypeError, ValueError):
            raise Refused(f"{key} under data: is not base64; plain text belongs under stringData:") from None
    for key, value in (secret.get("stringData") or {}).items():
        if not isinstance(value, str):
            raise Refused(f"{key} is not text; put quotes around it")
        values[key] = value
    return values


def check_redis(values):
    url, password = values.get("terminal_feed_redis_url"), values.get("terminal_feed_redis_password")
    if url is None or password is None:
        return
    try:
        in_url = urllib.parse.unquote(urllib.parse.urlsplit(url.strip()).password or "")
    except ValueError:
        raise Refused("terminal_feed_redis_url is no URL") from None
    if in_url != password:
        raise Refused("the password in terminal_feed_redis_url is not terminal_feed_redis_password "
                      "(in the URL, signs such as / @ : # % are percent-encoded)")


def check(text, name, namespace, keys):
    try:
        found = documents(text)
    except (ValueError, AttributeError):
        raise Refused("kubectl cannot read it as YAML") from None
    if len(found) != 1 or found[0].get("kind") != "Secret":
        kinds = ", ".join(str(each.get("kind")) for each in found) or "nothing"
        raise Refused(f"is to hold one Secret named {name}; it holds: {kinds}")
    secret = found[0]
    metadata = secret.get("metadata") or {}
    if metadata.get("name") != name:
        raise Refused(f"is to hold the Secret {name}, not {metadata.get('name')}")
    if metadata.get("namespace", namespace) not in (namespace, ""):
        raise Refused(f"is made for the namespace {metadata['namespace']}, not for {namespace}; "
                      "take the line 'namespace:' out or set NAMESPACE")
    values = values_of(secret)
    unfilled = [key for key, value in values.items() if PLACEHOLDER in value]
    if unfilled:
        raise Refused(f"the placeholder {PLACEHOLDER} is still in: {', '.join(sorted(unfilled))}")
    for key in keys:
        if not values.get(key, "").strip():
            raise Refused(f"{key} is missing or empty")
    for key in keys:
        if values[key] != values[key].strip():
            raise Refused(f"{key} begins or ends with white space")
    check_redis(values)
    if len(values.get("cluster_secret", "x" * MIN_CLUSTER_SECRET).encode()) < MIN_CLUSTER_SECRET:
        raise Refused(f"cluster_secret has fewer than {MIN_CLUSTER_SECRET} bytes")
    labels = {"app.kubernetes.io/part-of": "synapse", **(metadata.get("labels") or {})}
    # Built anew: nothing of the file but the Secret itself goes to the cluster.
    return {"apiVersion": "v1", "kind": "Secret", "type": secret.get("type", "Opaque"),
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "data": {key: (secret.get("data") or {}).get(key)
                     if key not in (secret.get("stringData") or {})
                     else base64.b64encode(value.encode()).decode() for key, value in values.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--file", required=True, help="named in messages")
    parser.add_argument("--name", required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--keys", required=True)
    options = parser.parse_args()
    try:
        secret = check(sys.stdin.read(), options.name, options.namespace, options.keys.split(","))
    except Refused as reason:
        print(f"{options.file}: {reason}", file=sys.stderr)
        return REFUSED
    json.dump(secret, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
