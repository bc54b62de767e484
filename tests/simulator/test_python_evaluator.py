"""The safe Python of the simulated code interpreters: as CPython where it can, bounded where a program would not end."""

from __future__ import annotations

import io
import time
from contextlib import redirect_stdout

import pytest

from support.simulator.python_evaluator import run

ALIKE = {
    "arithmetic": "print(7 // 2, 7 % 3, 2 ** 10, -7 / 2, 1e3, 0.1 + 0.2, 5 & 3, 1 << 4, not 0)",
    "fibonacci": "def fib(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a\nprint(fib(10))",
    "recursion": "def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nprint(f(20))",
    "closures": "def counter():\n    n = 0\n    def step(by=1, *more, key=None, **rest):\n        nonlocal n\n        n += by\n"
    "        return n, more, key, rest\n    return step\nstep = counter()\nstep()\nprint(step(2, 3, key='k', z=1))",
    "comprehensions": "print([x * y for x in range(4) if x % 2 for y in (1, 2)], {x: x * x for x in range(3)}, "
    "{c for c in 'aab'} == {'a', 'b'}, sum(x for x in range(10)))",
    "text": "s = 'a,b;c'\nprint(s.upper(), s.split(','), f'{3.14159:.2f}|{\"x\":>4}|{s!r}', '%05.1f %s' % (2.5, None), "
    "'{:>6}-{a[0]}'.format(1, a=[9]), '-'.join(map(str, range(3))))",
    "loops": "for i in range(5):\n    if i == 1:\n        continue\n    if i == 4:\n        break\n    print(i)\nelse:\n"
    "    print('never')\nn = 3\nwhile n:\n    n -= 1\nelse:\n    print('ended', n)",
    "errors caught": "try:\n    [][1]\nexcept (KeyError, IndexError) as error:\n    print(type(error).__name__, error)\n"
    "finally:\n    print('done')\ntry:\n    raise ValueError('a', 1)\nexcept ValueError as e:\n    print(e.args, str(e))",
    "unpacking": "a, *b, (c, d) = [1, 2, 3, (4, 5)]\nx = y = [1]\nx += [2]\nprint(a, b, c, d, y)\nd = {'k': [1]}\nd['k'] += [2]\n"
    "print({**d, 'z': 0}, [*b, *y])\ndel d['k']\nprint(d)",
    "sorting": "words = ['pear', 'Fig', 'apple']\nprint(sorted(words), sorted(words, key=str.lower, reverse=True))\n"
    "words.sort(key=len)\nprint(words, max(words, key=len), min(3, 1, 2), list(reversed(words)))",
    "libraries": "import math, statistics\nfrom collections import Counter, defaultdict\nfrom itertools import combinations\n"
    "print(math.sqrt(2), math.factorial(10), math.gcd(12, 18), statistics.mean([1, 2, 4]), statistics.stdev([1, 2, 4]))\n"
    "print(Counter('abca').most_common(1), list(combinations('abc', 2)))\nd = defaultdict(list)\nd['a'].append(1)\nprint(dict(d))",
    "json and csv": "import csv, io, json\nrows = list(csv.DictReader(io.StringIO('a,b\\n1,2\\n3,4\\n')))\n"
    "print(rows, json.dumps(rows, indent=2))\n"
    "print(json.loads('{\"x\": [1, null, true]}'))",
    "scopes": "x = 1\ndef f():\n    global x\n    x = 2\nf()\nprint(x)\nprint([x for x in range(3)], x)\nif (n := 5) > 3:\n    print(n)",
    "lazy": "print(next(x for x in range(10**9) if x > 5), any(x > 2 for x in range(10**9)), list(zip('ab', range(10**9))))",
}


@pytest.mark.parametrize("program", ALIKE.values(), ids=ALIKE.keys())
def test_prints_what_cpython_prints(program: str) -> None:
    expected = io.StringIO()
    with redirect_stdout(expected):
        exec(program, {"__name__": "__main__"})
    ran = run(program)
    assert (ran.stdout, ran.error) == (expected.getvalue(), None)


RAISING = (
    "1 / 0",
    "print('before')\nundefined + 1",
    "def f(x):\n    return x['k']\nf({})",
    "int('x')",
    "x = [1]\nx[5]",
    "def f(a, b): pass\nf(1)",
    "def f(a): pass\nf(1, 2, 3)",
    "def f():\n    print(n)\n    n = 1\nf()",
    "a, b = 1, 2, 3",
    "import numpy_that_is_not_there",
    "raise KeyError('gone')",
    "assert 1 > 2, 'no'",
    "open('missing.csv')",
    "None + 1",
    "'a' < 1",
    "(1).real.missing",
)


@pytest.mark.parametrize("program", RAISING)
def test_a_traceback_names_the_line_and_ends_as_cpythons(program: str) -> None:
    with pytest.raises(Exception) as raised, redirect_stdout(io.StringIO()):  # noqa: PT011 - whichever it is
        exec(program, {})
    error = run(program).error
    assert error is not None
    assert error.startswith('Traceback (most recent call last):\n  File "<program>", line ')
    assert error.splitlines()[-1] == f"{type(raised.value).__name__}: {raised.value}"
    assert f"line {raised.traceback[-1].lineno + 1}, in " in error


def test_a_program_that_is_none_says_where() -> None:
    assert run("x = = 2").error == '  File "<program>", line 1\n    x = = 2\n        ^\nSyntaxError: invalid syntax'
    assert "'return' outside function" in (run("return 5").error or "")


def test_the_last_line_is_shown_as_in_a_notebook() -> None:
    assert run("x = 4\nx * 2").stdout == "8\n"
    assert run("'a'\nNone").stdout == ""
    assert run("print(1)\n'two'").stdout == "1\n'two'\n"


def test_what_was_printed_before_an_error_stays() -> None:
    ran = run("print('one')\n1 / 0")
    assert ran.stdout == "one\n"
    assert ran.error is not None
    assert ran.error.endswith("ZeroDivisionError: division by zero")


def test_files_are_read_and_written() -> None:
    program = (
        "import csv\nwith open('/mnt/data/sales.csv') as file:\n    rows = list(csv.DictReader(file))\n"
        "total = sum(float(row['price']) for row in rows)\nprint(total)\n"
        "with open('out.csv', 'w') as file:\n    w = csv.writer(file)\n    w.writerow(['total', total])\n"
        "print(open('out.csv').read())"
    )
    ran = run(program, {"sales.csv": "name,price\nä,1.5\nb,2\n".encode()})
    assert (ran.error, ran.stdout) == (None, "3.5\ntotal,3.5\n\n")
    assert ran.files == {"out.csv": b"total,3.5\r\n"}


@pytest.mark.parametrize(
    "program",
    [
        "print(chr(0xD800))",
        "open('x', 'w').write(chr(0xD800))",
        "open(chr(0xD800), 'w')",
        "raise ValueError(chr(0xD800))",
    ],
)
def test_what_comes_out_is_always_text(program: str) -> None:
    ran = run(program)
    assert ran.error is not None
    assert "Error" in ran.error
    for text in (ran.stdout, ran.error, *ran.files):
        text.encode()


HOSTILE = (
    "while True: pass",
    "x = [0]\nwhile True: x = x + x",
    "x = 'ab'\nwhile True: x = x * 2",
    "x = ()\nfor i in range(99): x = (x, x)\nprint(x)",
    "x = ()\nfor i in range(99): x = (x, x)\nprint({x: 1})",
    "x = y = []\nfor i in range(99): x, y = [x, x], [y, y]\nprint(x == y)",
    "x = ()\nfor i in range(99): x = (x, x)\nisinstance('a', x)",
    "10 ** 10 ** 10",
    "x = 3\nfor i in range(99): x = x * x",
    "1 << 10 ** 12",
    "f'{1:>100000000}'",
    "'%0100000000d' % 1",
    "'%(a)s' * 90000 % {'a': 'x' * 900000}",
    "'x' * 10 ** 10",
    "('a' * 100000).replace('a', 'b' * 100000)",
    "'y'.rjust(10 ** 10)",
    "list(range(10 ** 12))",
    "sum(range(10 ** 12))",
    "max(range(10 ** 12))",
    "0.5 in range(10 ** 12)",
    "import itertools\nlist(itertools.count())",
    "import itertools\nnext(x for x in itertools.count() if x < 0)",
    "import csv, io, itertools\ncsv.writer(io.StringIO()).writerow(itertools.count())",
    "import math\nmath.factorial(10 ** 9)",
    "import math\nmath.comb(10 ** 9, 10 ** 8)",
    "import itertools\nitertools.product(range(10 ** 9))",
    "pow(3, 10 ** 4000, 10 ** 4000)",
    "round(5, -10 ** 9)",
    "def f(): f()\nf()",
    "f = lambda f: f(f)\nf(f)",
    "-" * 6000 + "1",
    "(" * 5000 + ")" * 5000,
    "+".join(["1"] * 20_000),
    "x = 'a' * 900000\nwhile x == 'a' * 900000: pass",
    "x = list(range(900000))\nwhile x: del x[0]",
    "x = 1\nwhile True:\n    try:\n        x = x * 9 ** 999\n    except Exception:\n        pass",
    "x = []\nx.append(x)\nprint(x)",
    "x = set(range(90000))\ny = set(range(90000, 180000))\nwhile True: x & y",
)


@pytest.mark.parametrize("program", HOSTILE, ids=[program[:40] for program in HOSTILE])
def test_a_program_that_takes_too_much_is_stopped(program: str) -> None:
    begun = time.process_time()
    ran = run(program)
    assert ran.error is not None
    assert ran.error.rpartition("\n")[2].startswith(
        ("TimeoutError", "MemoryError", "RecursionError", "SyntaxError")
    ) or ran.error.startswith(("TimeoutError", "RecursionError", "MemoryError"))
    assert time.process_time() - begun < 3


@pytest.mark.parametrize(
    "program",
    [
        "().__class__.__base__.__subclasses__()",
        "'{0.__class__.__mro__}'.format(1)",
        "'{0[a].__class__}'.format({'a': 1})",
        "'{0[[].__class__}'.format({'[': 1})",
        "print.__self__",
        "(lambda: 0).__globals__",
        "(x for x in ()).gi_frame",
        "eval('1')",
        "exec('1')",
        "getattr(1, 'real')",
        "__import__('os')",
        "import subprocess",
        "import os\nos.system('true')",
        "open('/etc/passwd').read()",
        "type('X', (), {})",
        "try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__",
        "globals()",
        "[].append.__self__",
        "str.format('{0.__class__}', 1)",
    ],
)
def test_nothing_leads_out_of_the_program(program: str) -> None:
    ran = run(program)
    assert ran.error is not None
    assert ran.stdout == ""
    assert ran.error.rpartition("\n")[2].startswith(
        ("AttributeError", "NameError", "ModuleNotFoundError", "FileNotFoundError", "TypeError")
    )


def test_runs_leave_nothing_behind() -> None:
    assert run("x = 1\nprint(x)").stdout == "1\n"
    assert "NameError" in (run("print(x)").error or "")
