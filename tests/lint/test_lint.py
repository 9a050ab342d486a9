#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""test_lint.py: the lint scripts find what they are for. Each row plants files in an empty tree and
says the offender that must be reported, or None where there must be none. Prints TAP.
"""
import json
import os
import subprocess
import sys
import tempfile

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
import count
import format as formatted
import includes
import page
import shell
import sizes
import words

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
JS = "// SPDX-License-Identifier: Apache-2.0\n"
README = "| `base/` | ground floor |\n| `proxy/` | the machine |\n"


def function(head="int f(void)", body="\treturn 0;\n"):
    return f"{SPDX}{head}\n{{\n{body}}}\n"


def tree_of(**files):
    """README.md and the two rooms, so that only what is planted offends words.py."""
    return {"README.md": README, "base/a.h": SPDX, "proxy/b.h": SPDX, **files}


FOUR_DEEP = "\tif (a)\n\t\tfor (;;)\n\t\t\twhile (b)\n\t\t\t\tif (c)\n\t\t\t\t\tf();\n"
THREE_DEEP = "\tif (a)\n\t\tfor (;;)\n\t\t\twhile (b)\n\t\t\t\tf();\n"
ELSE_IF = "\tif (a)\n\t\tf();\n" + "\telse if (b)\n\t\tf();\n" * 5
LOOSE = "\tdo {\n\t\tswitch (a) {\n\t\tcase 1:\n\t\t\tif (b)\n\t\t\t\tfor (;;)\n\t\t\t\t\tf();\n\t\t}\n\t} while (0);\n"
STRINGS = '\tf("if (a) { if (b) { if (c) {", \'{\'); /* if (a) if (b) if (c) if (d) */\n'
TABLE = "\tint rows[] = {\n" + "\t\t1,\n" * 80 + "\t};\n"
RETRACTED = "tests/lint/exceptions.txt"

ROWS = [
    ("policy may include base", includes, {"policy/a.c": '#include "base/slice.h"\n'}, None),
    ("base may not include policy", includes, {"base/a.c": '\n#include "policy/target.h"\n'},
     "base/a.c:2: includes policy/target.h: base/ may include no other room"),
    ("tls may not include policy", includes, {"tls/a.h": '#include "policy/target.h"\n'}, "tls/a.h:1"),
    ("tls may include certs", includes, {"tls/a.h": '#include "certs/ca.h"\n'}, None),
    ("a bare name is refused", includes, {"tls/a.c": '#include "hello.h"\n'}, "tls/a.c:1"),
    ("a generated header is not", includes, {"telemetry/a.c": '#include "otlp.pb-c.h"\n'}, None),
    ("policy may not include tests", includes, {"policy/a.c": '#include "tests/x.h"\n'}, "policy/a.c:1"),
    ("uv in the mailbox", includes, {"base/mailbox.h": "#include <uv.h>\n"}, None),
    ("uv elsewhere in base", includes, {"base/log.c": "#include <uv.h>\n"}, "base/log.c:1"),
    ("sockets in policy", includes, {"policy/a.c": "#include <netinet/in.h>\n"}, "policy/a.c:1"),
    ("SQLite in one file", includes, {"telemetry/spool.c": "#include <sqlite3.h>\n"}, None),
    ("SQLite in two files", includes,
     {"telemetry/spool.c": "#include <sqlite3.h>\n", "telemetry/x.c": "#include <sqlite3.h>\n"},
     "telemetry/x.c:1"),
    ("SQLite in the proxy", includes, {"proxy/x.c": "# include <sqlite3.h>\n"}, "proxy/x.c:1"),
    ("60 lines", sizes, {"base/a.c": function(body="\tf();\n" * 57)}, None),
    ("61 lines", sizes, {"base/a.c": function(body="\tf();\n" * 58)}, "base/a.c:2: f() has lines 61"),
    ("a table of rows is data", sizes, {"base/a.c": function(body=TABLE)}, None),
    ("5 parameters", sizes, {"base/a.c": function("int f(int a, int b, int (*c)(int, int), int d, int e)")},
     None),
    ("6 parameters", sizes, {"base/a.c": function("int f(int a, int b,\n\tint c, int d, int e, int g)")},
     "base/a.c:2: f() has parameters 6"),
    ("3 levels", sizes, {"base/a.c": function(body=THREE_DEEP)}, None),
    ("4 levels", sizes, {"base/a.c": function(body=FOUR_DEEP)}, "base/a.c:2: f() has nesting 4"),
    ("4 levels with do and switch", sizes, {"base/a.c": function(body=LOOSE)}, "f() has nesting 4"),
    ("else if is no level", sizes, {"base/a.c": function(body=ELSE_IF)}, None),
    ("strings and comments do not count", sizes, {"base/a.c": function(body=STRINGS)}, None),
    ("400 lines of .c", sizes, {"base/a.c": "\n" * 400}, None),
    ("401 lines of .c", sizes, {"base/a.c": "\n" * 401}, "base/a.c:401"),
    ("a test's rows do not count", sizes,
     {"tests/unit/test_a.c": "static const int rows[] = {\n" + "\t1,\n" * 500 + "};\n"}, None),
    ("150 lines of .h", sizes, {"base/a.h": "\n" * 150}, None),
    ("151 lines of .h", sizes, {"base/a.h": "\n" * 151}, "base/a.h:151"),
    ("an exception with its reason", sizes,
     {"base/a.h": "\n" * 151, RETRACTED: "base/a.h One table that reads as one.\n"}, None),
    ("an exception without a reason", sizes,
     {"base/a.h": "\n" * 151, RETRACTED: "base/a.h Long.\n"}, "needs a sentence"),
    ("an exception not needed any more", sizes,
     {"base/a.h": "\n", RETRACTED: "base/a.h One table that reads as one.\n"}, "take it out"),
    ("format", formatted, {".clang-format": "BasedOnStyle: LLVM\n", "base/a.c": "int a;\nint  b;\n"},
     "base/a.c:2"),
    ("formatted", formatted, {".clang-format": "BasedOnStyle: LLVM\n", "base/a.c": "int a;\n"}, None),
    ("a shell script", shell, {"run": "#!/bin/sh\nset -eu\necho \"$1\"\n"}, None),
    ("an unquoted variable", shell, {"run": "#!/bin/sh\necho $1\n"}, "run:2"),
    ("a clean tree", words, tree_of(), None),
    ("left for later", words, tree_of(**{"base/c.c": SPDX + "/* TO" "DO */\n"}), "base/c.c:2"),
    ("todo as a word of prose", words, tree_of(**{"docs/a.md": "a todo list\n"}), None),
    ("a registry", words, tree_of(**{"x.json": '"https://registry.npm' 'js.org/x"\n'}), "x.json:1"),
    ("somebody's home", words, tree_of(**{"docs/a.md": "see /ho" "me/me/x\n"}), "docs/a.md:1"),
    ("a path below a root is fine", words, tree_of(**{"docs/a.md": "usr/home/me\n"}), None),
    ("no licence line", words, tree_of(**{"base/c.c": "int a;\n"}), "base/c.c:1: no SPDX"),
    ("a dead link", words, tree_of(**{"docs/a.md": "\n[x](gone.md)\n"}), "docs/a.md:2"),
    ("a dead heading", words, tree_of(**{"docs/a.md": "# One `two`\n[x](#one-tw)\n"}), "docs/a.md:2"),
    ("a file that is gone", words, tree_of(**{"docs/a.md": "see `base/gone.h`\n"}), "docs/a.md:1"),
    ("a file that is there", words, tree_of(**{"docs/a.md": "see `base/a.h` and `base/`\n"}), None),
    ("a live heading", words, tree_of(**{"docs/a.md": "# One `two`\n[x](#one-two)\n"}), None),
    ("a room that README lacks", words, tree_of(**{"tls/a.h": SPDX}), "lacks tls/"),
    ("a room that is not there", words, {"README.md": README, "base/a.h": SPDX}, "proxy/ is in the table"),
    ("a page", page, {"control/page/a.js": JS + 'import { b } from "./b.js";\n',
                      "control/page/b.js": JS + "export const b = 1;\n"}, None),
    ("a module that does not parse", page, {"control/page/a.js": JS + "let = ;\n"}, "page/a.js:1"),
    ("a module that imports nothing", page, {"control/page/a.js": JS + 'import "./b";\n'}, "page/a.js"),
    ("markup made of data", page, {"control/page/a.js": JS + "p.innerHTML = x;\n"}, "page/a.js:2"),
    ("an inline script", page, {"control/page/a.html": "<script>x()</script>\n"}, "page/a.html:1"),
    ("an inline handler", page, {"control/page/a.html": '<p onclick="x()">\n'}, "page/a.html:1"),
    ("a font from elsewhere", page, {"control/page/a.css": "@import url(//a.test/b);\n"}, "page/a.css:1"),
    ("bytes are not text", words, tree_of(**{"x.bin": "\0TO" "DO"}), None),
]


def plant(root, files):
    for path, content in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(content)


def finds(script, files, offender):
    with tempfile.TemporaryDirectory() as root:
        plant(root, files)
        found = list(script.check(root))
        run = subprocess.run([sys.executable, os.path.join(HERE, script.__name__ + ".py"), root],
                             capture_output=True, text=True, env={**os.environ, "PYTHONPATH": HERE})
    if run.returncode != (1 if offender else 0):
        return f"exit status {run.returncode}: {run.stdout}{run.stderr}"
    if offender is None:
        return f"found {found}" if found else None
    return None if any(offender in line for line in found) else f"found {found}"


COUNTS = [
    ("all well", "1..2\nok 1 - a\nok 2 - b\n# ok - tests\n", 2, 0),
    ("one not ok", "1..2\nok 1 - a\nnot ok 2 - b\n", 1, 1),
    ("stopped short of its plan", "1..3\nok 1 - a\n", 1, 1),
    ("more than planned", "1..1\nok 1 - a\nok 2 - b\n", 2, 1),
    ("skipped as cmocka says it", "1..2\nnot ok 1 # SKIP a\nok 2 - b\n", 1, 0),
    ("skipped", "1..2\nok 1 - a # SKIP no IPv6\nok 2 - b\n", 1, 0),
]


def counts(output, passed, failed):
    total = count.Count()
    count.tap(total, "x", output)
    got = (total.passed, len(total.failures))
    return None if got == (passed, failed) else f"counted {got}"


def no_result_is_a_failure():
    with tempfile.TemporaryDirectory() as root:
        total = count.Count()
        count.build(total, root)
    return None if total.failures else "no failure counted"


def a_crash_is_a_failure():
    total = count.Count()
    with tempfile.TemporaryDirectory() as root:
        plant(root, {"log": "".join(json.dumps(
            dict(name=name, stdout=stdout, result=result, returncode=returncode)) + "\n"
            for name, stdout, result, returncode in (
                ("crashed", "1..1\nok 1 - a\n", "ERROR", -11),
                ("well", "", "OK", 0),
                ("late", "", "TIMEOUT", -15),
                ("only skips", "1..1\nnot ok 1 # SKIP a\n", "FAIL", 0),
                ("skips and dies", "1..1\nnot ok 1 # SKIP a\n", "FAIL", 1),
                ("says ok and fails", "1..1\nok 1 - a\n", "FAIL", 0)))})
        count.meson(total, os.path.join(root, "log"))
    got = (total.passed, len(total.failures))
    return None if got == (3, 4) else f"counted {got}"


def compiled_finds(script, header, source, offender):
    """Like finds, for a script that asks the compiler of a build directory."""
    with tempfile.TemporaryDirectory() as root:
        build = os.path.join(root, "build")
        command = {"directory": build, "file": "../base/a.c",
                   "command": "cc -I.. -MD -o a.o -c ../base/a.c"}
        plant(root, {"base/a.h": header, "base/a.c": source, "tests/.clang-tidy": "", "bench/.clang-tidy": "",
                     ".clang-tidy": "Checks: '-*,bugprone-sizeof-expression'\n"
                                    "WarningsAsErrors: '*'\n",
                     "build/compile_commands.json": json.dumps([command])})
        runs = [subprocess.run([sys.executable, os.path.join(HERE, script), build], cwd=root,
                               capture_output=True, text=True) for _ in range(2)]
    for run in runs:  # the second run must not take the first one's word for an offender
        if run.returncode != (1 if offender else 0) or (offender or "") not in run.stdout:
            return f"exit status {run.returncode}: {run.stdout}{run.stderr}"
    return None


COMPILED = [
    ("headers: alone", "headers.py", "#include <stddef.h>\nsize_t a;\n", "", None),
    ("headers: needs another", "headers.py", "int x;\nsize_t a;\n", "", "base/a.h:1"),
    ("tidy: clean", "tidy.py", "", "int f(void) { return 0; }\n", None),
    ("tidy: an offender", "tidy.py", "", "\nint f(void) { return sizeof(1); }\n", "base/a.c:2"),
    ("tidy: a file that does not compile", "tidy.py", "", "int\n", "base/a.c"),
]


def main():
    tests = [(f"{script.__name__}: {name}", lambda s=script, f=files, o=offender: finds(s, f, o))
             for name, script, files, offender in ROWS]
    tests += [(f"count: {name}", lambda o=output, p=passed, f=failed: counts(o, p, f))
              for name, output, passed, failed in COUNTS]
    tests += [(name, lambda a=arguments: compiled_finds(*a)) for name, *arguments in COMPILED]
    tests += [("count: no result", no_result_is_a_failure), ("count: a crash", a_crash_is_a_failure)]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        fault = test()
        failed += fault is not None
        print(f"{'not ok' if fault else 'ok'} {number} - {name.replace('#', '')}")
        if fault:
            print(f"# {fault}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
