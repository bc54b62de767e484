"""A comparison of calls with and without a cache: as JSON that reads back, as a picture, and as lines."""

import json
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from support.reporting.caching import exhibits, lines, picture
from support.values import CachingReport
from tests.reporting.fake_reports import compared, failed

SVG = "{http://www.w3.org/2000/svg}"


def drawn(report):
    return ElementTree.fromstring(picture(report, report.figures))


def written_in(svg):
    return [text.text for text in svg.iter(f"{SVG}text")]


def bars(svg):
    """Widths of the bars: without and with, for each of what is compared."""
    return [float(one.get("width")) for one in svg.iter(f"{SVG}rect") if one.get("height") == "18"]


def test_a_comparison_is_shown_as_figures_and_as_a_picture():
    shown = exhibits(compared())
    assert [(one.title, one.media_type) for one in shown] == [
        ("Caching on Gemini: figures", "application/json"),
        ("Caching on Gemini: picture", "image/svg+xml"),
    ]
    assert shown[1].lines == ()


@pytest.mark.parametrize("report", [compared(), compared(pays=None, saving="-0.0271"), failed()])
def test_the_figures_read_back_as_the_report(report):
    content = exhibits(report)[0].content
    assert CachingReport.model_validate_json(content) == report
    assert json.loads(content)["provider"] == report.provider


def test_money_is_written_without_rounding():
    told = json.loads(exhibits(compared(saving="0.000000000123"))[0].content)
    assert Decimal(told["figures"]["saving_usd"]) == Decimal("0.000000000123")
    assert told["figures"]["uncached"]["cost_usd"] == "0.037"


def test_the_picture_has_the_figures_of_both_sides():
    svg = drawn(compared())
    assert svg.tag == f"{SVG}svg"
    told = written_in(svg)
    assert told[:2] == ["Gemini: 20 questions without and 20 with a cache", "gemini-3.5-flash-lite"]
    for label in (
        "0.764 s without",
        "0.214 s with",
        "0.912 s without",
        "0.333 s with",
        "$0.037000 without",
        "$0.009900 with",  # storage included
    ):
        assert label in told
    assert told[-1] == "Saving $0.027; the cache pays from call 2 on."


def test_bars_are_as_long_as_what_they_stand_for():
    without, with_cache, *rest = bars(drawn(compared()))
    assert with_cache / without == pytest.approx(0.214 / 0.764, abs=0.01)
    assert len(rest) == 4
    assert rest[3] / rest[2] == pytest.approx(0.0099 / 0.037, abs=0.01)


def test_the_picture_stays_within_its_frame():
    svg = drawn(compared())
    width, height = (float(side) for side in svg.get("viewBox").split()[2:])
    for one in svg.iter(f"{SVG}rect"):
        if one.get("x"):
            assert float(one.get("x")) + float(one.get("width")) <= width - 100, "there is no room for the label"
    assert all(float(one.get("y")) <= height for one in svg.iter(f"{SVG}text"))


def test_a_picture_of_nothing_is_still_one():
    report = compared()
    nothing = {"p50_seconds": 0.0, "p95_seconds": 0.0, "cost_usd": report.figures.storage_usd * 0}
    sides = {side: getattr(report.figures, side).model_copy(update=nothing) for side in ("uncached", "cached")}
    figures = report.figures.model_copy(update={**sides, "storage_usd": report.figures.storage_usd * 0})
    svg = ElementTree.fromstring(picture(report, figures))
    assert len(bars(svg)) == 6
    assert "0.000 s with" in written_in(svg)


def test_names_cannot_break_the_picture():
    svg = drawn(compared(model='<script>"&amp;'))
    assert '<script>"&amp;' in written_in(svg)
    assert list(svg.iter(f"{SVG}script")) == []


def test_the_picture_loads_nothing_from_elsewhere():
    text = picture(compared(), compared().figures)
    assert text.replace('xmlns="http://www.w3.org/2000/svg"', "").count("http") == 0


def test_a_comparison_in_four_lines():
    assert lines(compared()) == (
        "Caching on Gemini (gemini-3.5-flash-lite):",
        "  without n 20, p50 0.764 s, p95 0.912 s, 123,456 tokens in (0 cached), $0.037",
        "  with    n 20, p50 0.214 s, p95 0.333 s, 123,456 tokens in (119,000 cached), $0.0097",
        "  saving $0.027 after $0.00020 for storage; it pays from call 2 on",
    )
    assert exhibits(compared())[0].lines == lines(compared())


def test_a_cache_that_does_not_pay_says_so():
    assert lines(compared(saving="-0.0271", pays=None))[-1] == (
        "  saving -$0.027 after $0.00020 for storage; it never pays"
    )
    assert written_in(drawn(compared(saving="-0.0271", pays=None)))[-1] == "Saving -$0.027; the cache never pays."


def test_a_comparison_that_failed_has_no_picture_and_says_how_many_failed():
    shown = exhibits(failed())
    assert [one.media_type for one in shown] == ["application/json"]
    (line,) = shown[0].lines
    assert line.startswith("Caching on OpenAI (gpt-6-luna): no figures, 2 calls failed; the first: authentication: ")
