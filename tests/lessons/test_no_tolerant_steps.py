"""LL-22: no step forgives. Every error that is caught is looked at by its kind, and every claim can be false."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import unwrap
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.conftest import ROOT
from tests.lessons.tolerance import findings
from tests.test_feature_files import matching, scenarios

STEPS = sorted((ROOT / "steps").rglob("*.py"))


def caught(body: str) -> str:
    """A step that tries something and goes on so."""
    return f"async def step(context):\n    try:\n        await context.world.does(something())\n{body}\n"


BAD = {
    "a bare except": caught("    except:\n        pass"),
    "any error, passed over": caught("    except Exception:\n        pass"),
    "any error of the gateway's, passed over": caught("    except TouchstoneError:\n        return"),
    "any error among others": caught("    except (ValueError, errors.TouchstoneError):\n        pass"),
    "any error, kept without its kind": caught("    except Exception as error:\n        context.world.error = error"),
    "any error, told in words": caught("    except Exception as error:\n        print(error)"),
    "one class, dropped": caught("    except NotFound:\n        pass"),
    "one class, named and dropped": caught("    except NotFound as error:\n        told = str(error)"),
    "raised only sometimes, not by its kind": caught(
        "    except Exception as error:\n        if context.live:\n            raise"
    ),
    "the kind of something else": caught(
        '    except Exception as error:\n        if context.kind != "not_found":\n            raise'
    ),
    "the kind the wrong way round": caught(
        '    except Exception as error:\n        if error.kind == "not_found":\n            raise'
    ),
    "asked for the kind, and nothing done": caught(
        '    except Exception as error:\n        if error.kind != "not_found":\n            pass'
    ),
    "a return at last": caught("    finally:\n        return"),
    "suppressed": "def step(context):\n    with contextlib.suppress(Exception):\n        go()\n",
    "suppressed by its name": "def step(context):\n    with suppress(NotFound):\n        go()\n",
    "gathered with its errors": "async def step(context):\n    await asyncio.gather(a(), return_exceptions=True)\n",
    "two kinds": 'def step(context):\n    context.world.refusal("not_found", "invalid_request")\n',
    **{
        f"always true: {claim}": f'def step(context, answer, world):\n    world.expect({claim}, "?")\n'
        for claim in (
            "True",
            "1",
            '"ok"',
            "(answer == 1, 'words')",
            "[answer]",
            "f'it is {answer}'",
            "lambda: answer",
            "(one for one in answer)",
            "not False",
            "not None",
            "answer == 1 or True",
            "answer == 1 or answer != 1",
            "answer or not answer",
            "not answer or answer",
            "answer is None or answer is not None",
            "answer > 3 or answer <= 3",
            "answer == answer",
            "answer.text in (answer.text, None)",
            "len(answer) >= 0",
            "len(answer) > -1",
            "isinstance(answer, object)",
            "bool(True)",
            "True and len(answer) >= 0",
        )
    },
    "an assertion in words alone": 'def step(context):\n    assert "it is there"\n',
    "an assertion in brackets": 'def step(context, answer):\n    assert (answer == 1, "it is not")\n',
}
GOOD = {
    "raised as it is": caught("    except Exception:\n        memory.failed += 1\n        raise"),
    "raised as an assertion": caught(
        "    except Broken as error:\n        raise AssertionError('it broke') from error"
    ),
    "by its kind": caught('    except Exception as error:\n        if error.kind != "not_found":\n            raise'),
    "by its kind, if it has one": caught(
        '    except Exception as late:\n        if getattr(late, "kind", None) != "wait_timeout":\n            raise'
    ),
    "one class, kept": caught("    except batching.BatchFailed as error:\n        memory.failure = error"),
    "tidied up at last": caught("    finally:\n        stop()"),
    "one kind": 'def step(context):\n    context.world.refusal("not_found")\n',
    **{
        f"can be false: {claim}": f'def step(context, answer, world):\n    world.expect({claim}, "?")\n    assert {claim}\n'
        for claim in (
            "answer",
            "False",
            "[]",
            "answer == 1",
            "answer == 1 or answer == 2",
            "answer is not None",
            "answer != answer",
            "answer.text in (other.text, None)",
            "len(answer) >= 1",
            "len(answer) > 0",
            "isinstance(answer, str)",
            "bool(answer)",
            "not answer",
            "all(one for one in answer)",
            "True and answer",
            "f'{answer}'",
        )
    },
}


@pytest.mark.parametrize("what", BAD)
def test_what_forgives_is_found(what: str) -> None:
    assert len(findings(BAD[what])) == 1


@pytest.mark.parametrize("what", GOOD)
def test_what_does_not_is_left_alone(what: str) -> None:
    assert findings(GOOD[what]) == []


@pytest.mark.parametrize("module", STEPS, ids=lambda path: path.name)
def test_no_step_forgives(module: Path) -> None:
    assert [f"{module.name}:{one.line}: {one.what}" for one in findings(module.read_text(encoding="utf-8"))] == []


def test_the_steps_were_there_to_be_read() -> None:
    assert len(STEPS) > 15
    assert sum(path.read_text(encoding="utf-8").count(".expect(") for path in STEPS) > 500


# Refusals that a step reads without saying of which kind -------------------------------------------------------------------


Named = tuple[str, str]
"""A function of the steps: its module's file, and its name, which other modules may use as well."""


def functions_in(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def reads_a_refusal(function: ast.AST, *, named: bool) -> bool:
    """Whether it asks for the refusal, of a named kind or of any."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    refusals = [one for one in calls if isinstance(one.func, ast.Attribute) and one.func.attr == "refusal"]
    return any(bool(one.args) is named for one in refusals)


def naming_a_kind() -> set[Named]:
    """Functions of the steps that name the kind of the refusal they read, or call one that does."""
    found: set[Named] = set()
    called: dict[Named, set[str]] = {}
    for path in STEPS:
        for function in functions_in(path):
            place = (path.name, function.name)
            calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
            called[place] = {one.id for one in calls if isinstance(one, ast.Name)}
            if reads_a_refusal(function, named=True):
                found.add(place)
    while True:
        helpers: dict[str, set[str]] = {}
        for module, name in found:
            helpers.setdefault(name, set()).add(module)
        more = {place for place, names in called.items() if place not in found and known(place[0], names, helpers)}
        if not more:
            return found
        found |= more


def known(module: str, names: set[str], helpers: Mapping[str, set[str]]) -> bool:
    """Whether one of the names is a helper of the module's own, or one that it imports."""
    return any(module in helpers[name] or name in imported(module) for name in names & set(helpers))


@cache
def imported(module: str) -> frozenset[str]:
    """What a module of the steps has from others."""
    nodes = ast.walk(ast.parse((ROOT / "steps" / module).read_text(encoding="utf-8")))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("steps.")]
    return frozenset(alias.asname or alias.name for node in imports for alias in node.names)


def taking_any_kind() -> set[Named]:
    """Functions of the steps that read a refusal whatever its kind, and none that is named."""
    found = {
        (path.name, function.name)
        for path in STEPS
        for function in functions_in(path)
        if reads_a_refusal(function, named=False)
    }
    return found - naming_a_kind()


def functions_of(step: Any) -> list[Named]:
    """Behave's own attribute has the function of a sentence; that each has exactly one is tested elsewhere."""
    functions: list[Any] = [unwrap(found.func) for found in matching(step)]
    return [(Path(one.__code__.co_filename).name, one.__name__) for one in functions]


def test_a_scenario_that_reads_a_refusal_says_of_which_kind_it_is() -> None:
    anything, named = taking_any_kind(), naming_a_kind()
    assert len(named) > 30
    for scenario in scenarios():
        read = [name for step in scenario.all_steps for name in functions_of(step)]
        if anything & set(read):
            assert named & set(read), f"{scenario.filename}: {scenario.name}"
