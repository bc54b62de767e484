"""What the toy model knows without being told: the capitals of some countries, so that "an easy question" has an answer."""

from __future__ import annotations

import re

_CAPITALS = {
    "argentina": "Buenos Aires",
    "australia": "Canberra",
    "austria": "Vienna",
    "belgium": "Brussels",
    "brazil": "Brasília",
    "canada": "Ottawa",
    "chile": "Santiago",
    "china": "Beijing",
    "colombia": "Bogotá",
    "croatia": "Zagreb",
    "cuba": "Havana",
    "denmark": "Copenhagen",
    "egypt": "Cairo",
    "estonia": "Tallinn",
    "ethiopia": "Addis Ababa",
    "finland": "Helsinki",
    "france": "Paris",
    "germany": "Berlin",
    "ghana": "Accra",
    "greece": "Athens",
    "hungary": "Budapest",
    "iceland": "Reykjavík",
    "india": "New Delhi",
    "indonesia": "Jakarta",
    "iran": "Tehran",
    "ireland": "Dublin",
    "italy": "Rome",
    "japan": "Tokyo",
    "kenya": "Nairobi",
    "latvia": "Riga",
    "lithuania": "Vilnius",
    "mexico": "Mexico City",
    "mongolia": "Ulaanbaatar",
    "morocco": "Rabat",
    "nepal": "Kathmandu",
    "netherlands": "Amsterdam",
    "new zealand": "Wellington",
    "nigeria": "Abuja",
    "norway": "Oslo",
    "pakistan": "Islamabad",
    "peru": "Lima",
    "philippines": "Manila",
    "poland": "Warsaw",
    "portugal": "Lisbon",
    "romania": "Bucharest",
    "serbia": "Belgrade",
    "slovakia": "Bratislava",
    "slovenia": "Ljubljana",
    "south korea": "Seoul",
    "spain": "Madrid",
    "sweden": "Stockholm",
    "switzerland": "Bern",
    "thailand": "Bangkok",
    "turkey": "Ankara",
    "ukraine": "Kyiv",
    "united kingdom": "London",
    "united states": "Washington, D.C.",
    "uruguay": "Montevideo",
    "vietnam": "Hanoi",
}
_ASKED = re.compile(r"\bcapital(?: city)? of (?:the )?(?P<country>[A-Za-z]+(?: [A-Za-z]+)?)", re.IGNORECASE)
_SHORT = re.compile(r"\b(?:one|single) word\b|\bonly the name\b|\bjust the name\b", re.IGNORECASE)


def known(asked: str) -> str | None:
    """The answer to a question that needs no source; None for any other."""
    found = _ASKED.search(asked)
    if found is None:
        return None
    words = found["country"].split()
    for name in (" ".join(words), words[0]):
        capital = _CAPITALS.get(name.lower())
        if capital is not None:
            article = (
                "the " if name.lower() in ("netherlands", "philippines", "united kingdom", "united states") else ""
            )
            return capital if _SHORT.search(asked) else f"The capital of {article}{name} is {capital}."
    return None
