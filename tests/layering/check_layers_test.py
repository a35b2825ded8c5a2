"""Shows that every rule of scripts/check_layers.py can fail, on small trees made for it."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_layers.py"

# A good tree: two layers and an application, each used as it may be.
GOOD = {
    "CMakeLists.txt": "include(low/component.cmake) # first\ninclude(actors/protocol/component.cmake)\n"
                      "include(actors/runtime/component.cmake)\ninclude(actors/component.cmake)\n"
                      "include(http/net/component.cmake)\ninclude(app/component.cmake)\n",
    "low/component.cmake": "synapse_add_component(low PATH low\n  SOURCES value.cpp)\n",
    "actors/protocol/component.cmake":
        "synapse_add_component(actors_protocol PATH actors/protocol DEPENDS low LINK CAF::core)\n",
    "actors/runtime/component.cmake":
        "synapse_add_component(actors_runtime PATH actors/runtime DEPENDS actors_protocol)\n",
    "actors/component.cmake":
        "synapse_add_component(actors PATH actors SOURCES a.cpp DEPENDS actors_protocol)\n",
    "http/net/component.cmake": "synapse_add_component(http_net PATH http/net DEPENDS low)\n",
    "app/component.cmake": "synapse_add_component(app PATH app DEPENDS actors http_net)\n",
    "low/value.hpp": "#pragma once\n#include <string>\n",
    "low/value.cpp": '#include "low/value.hpp"\n// "caf::infinite", spawn_impl: only words here\n',
    "actors/protocol/messages.hpp": '#pragma once\n#include "low/value.hpp"\n#include <caf/atom.hpp>\n',
    "actors/runtime/pinned.hpp": "#pragma once\nauto x = caf::infinite; void f() { p->activate(u); }\n",
    "actors/a.cpp": '#include "actors/protocol/messages.hpp"\n#include "low/value.hpp"\n',
    "http/net/line.hpp": '#pragma once\n#include "low/value.hpp"\n#include <boost/asio.hpp>\n',
    "app/main.cpp": '#include "app/version.hpp"\n#include "http/net/line.hpp"\n',
    "app/version.hpp.in": "#pragma once\n",
    "tests/low/value_test.cpp": '#include "low/value.hpp"\n#include "app/none.hpp"\n',
    "app/none.hpp": "#pragma once\n",
    "app/task.cpp": "task f() { co_await g([&] { x(); }); co_await h({}); auto v = co_await a(); }\n",
    "cmake/pch.hpp": "#pragma once\n#include <caf/all.hpp>\n",
}

# Each bad tree: what is added to the good one, and the finding that must come of it.
BAD = {
    "relative include": (
        {"http/net/x.cpp": '#include "../../low/value.hpp"\n'},
        'http/net/x.cpp:1: #include "../../low/value.hpp" goes round the layers'),
    "higher layer": (
        {"low/x.cpp": '#include "low/value.hpp"\n#include "http/net/line.hpp"\n'},
        "low/x.cpp:2: #include \"http/net/line.hpp\": 'http/net' is a higher layer"),
    "a layer that is not among the dependencies": (
        {"http/net/x.cpp": '#include "actors/protocol/messages.hpp"\n'},
        "component 'http_net' does not depend on 'actors_protocol'"),
    "inside of another actor layer": (
        {"actors/x.cpp": '#include "actors/runtime/pinned.hpp"\n'},
        "component 'actors' does not depend on 'actors_runtime'"),
    "tests are above all": (
        {"low/x.cpp": '#include "tests/support/x.hpp"\n', "tests/support/x.hpp": "#pragma once\n"},
        "low/x.cpp:1: #include \"tests/support/x.hpp\": 'tests' is above all layers"),
    "no such file": (
        {"low/x.cpp": '#include "value.hpp"\n'},
        'low/x.cpp:1: #include "value.hpp": not a path from the root to a file'),
    "CAF in a layer without actors": (
        {"http/net/x.cpp": "\n#include <caf/actor.hpp>\n"},
        "http/net/x.cpp:2: CAF is not used in this layer"),
    "Beast in the actors' protocol": (
        {"actors/protocol/x.hpp": "#include <boost/beast/core.hpp>\n"},
        "actors/protocol/x.hpp:1: the actors' protocol knows no HTTP"),
    "caf/all.hpp in a header": (
        {"actors/x.hpp": "#include <caf/all.hpp>\n"},
        "actors/x.hpp:1: caf/all.hpp in a header"),
    "a request without a deadline": (
        {"actors/x.cpp": "/* fine:\n caf::infinite */\nauto t = caf::infinite;\n"},
        "actors/x.cpp:3: caf::infinite outside actors/runtime"),
    "a braced temporary in a co_await": (
        {"app/x.cpp": "task f() {\n  co_await g(a,\n             {1, h()});\n}\n"},
        "app/x.cpp:2: a braced temporary"),
    "two co_await in a conditional": (
        {"app/x.cpp": "task f() {\n  x = c ? co_await a() : co_await b();\n}\n"},
        "app/x.cpp:2: co_await in a conditional"),
    "private CAF: spawn_impl": (
        {"app/x.cpp": "auto a = sys.spawn_impl<x>(cfg);\n"}, "app/x.cpp:1: a private part of CAF"),
    "private CAF: activate": (
        {"actors/x.cpp": "void f() { p->activate(unit); }\n"},
        "actors/x.cpp:1: a private part of CAF"),
    "private CAF: finalize": (
        {"actors/x.cpp": "void f() { self->finalize (); }\n"},
        "actors/x.cpp:1: a private part of CAF"),
    "private CAF: io_actor": (
        {"tests/low/x.cpp": "auto t = caf::resumable::io_actor;\n"},
        "tests/low/x.cpp:1: a private part of CAF"),
    "a path of one machine": (
        {"docs/x.md": "Start it:\n\n    cd " + "/ro" + "ot/synapse && make\n"},
        "docs/x.md:3: a path of one machine"),
    "a home directory": (
        {"scripts/x.sh": "source " + "/ho" + "me/somebody/env\n"},
        "scripts/x.sh:1: a path of one machine"),
}


def run(files):
    """The check's exit status and output on a tree of these files."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in files.items():
            path = Path(directory) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, str(SCRIPT), "--root", directory],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


class CheckLayers(unittest.TestCase):
    def test_accepts_the_good_tree(self):
        status, output = run(GOOD)
        self.assertEqual((status, output.strip()), (0, "check_layers: nothing to object to"))

    def test_rejects_each_bad_tree(self):
        for name, (extra, expected) in BAD.items():
            with self.subTest(name):
                status, output = run({**GOOD, **extra})
                self.assertEqual(status, 1, output)
                self.assertIn(expected, output)
                self.assertIn("check_layers: 1 findings", output)


if __name__ == "__main__":
    unittest.main()
