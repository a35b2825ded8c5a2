"""What the figures were measured on."""

import datetime
import hashlib
import json
import os
import platform
import re
import subprocess

from rig.peers import CORES, first_line


def _output(argv):
    result = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    return result.stdout.strip() if result.returncode == 0 else ""


def _cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        text = f.read()
    model = re.search(r"^model name\s*:\s*(.*)$", text, re.M)
    virtual = ", virtual machine" if re.search(r"^flags.*\bhypervisor\b", text, re.M) else ""
    return (model.group(1) if model else platform.machine()) + virtual


def _compiler(build_dir):
    """Compiler and the options that decide speed, as the build uses them."""
    try:
        with open(os.path.join(build_dir, "CMakeCache.txt"), encoding="utf-8") as f:
            cache = dict(re.findall(r"^(\w+):\w+=(.*)$", f.read(), re.M))
    except FileNotFoundError:
        return "unknown"
    text = first_line([cache.get("CMAKE_CXX_COMPILER", "c++"), "--version"])
    text += ", " + (cache.get("CMAKE_BUILD_TYPE") or "no build type")
    try:
        with open(os.path.join(build_dir, "compile_commands.json"), encoding="utf-8") as f:
            words = json.load(f)[0]["command"].split()
    except (FileNotFoundError, LookupError):
        return text
    return " ".join([text] + [w for w in words if re.match(r"-(O|g|f|march|std|DNDEBUG)", w)])


def _revision(root):
    revision = _output(["git", "-C", root, "rev-parse", "--short=12", "HEAD"])
    if not revision:
        return "unknown"
    changed = _output(["git", "-C", root, "status", "--porcelain"])
    return revision + (" with uncommitted changes" if changed else "")


def _digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()[:16]


def describe(rig, peers):
    """Pairs of label and text."""
    memory_gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    try:
        with open("/proc/sys/kernel/sched_autogroup_enabled", encoding="ascii") as f:
            autogroup = "on" if f.read().strip() == "1" else "off"
    except FileNotFoundError:
        autogroup = "absent"
    facts = [
        ("date", datetime.date.today().isoformat()),
        ("revision", _revision(rig.root)),
        ("CPU", f"{_cpu_model()}; {CORES} shared by load generator, proxy and stub"),
        ("memory", f"{memory_gib:.0f} GiB"),
        ("kernel", f"{platform.system()} {platform.release()}, autogrouping {autogroup}"),
        ("compiler", _compiler(rig.build_dir)),
    ]
    for peer in peers:
        text = peer.description
        version = peer.version(rig)
        if version:
            text = f"{version}: {text}"
        if peer.name == "synapse":
            text += f"; sha256 {_digest(peer.binary(rig))}…"
        facts.append((peer.name, text))
    return facts
