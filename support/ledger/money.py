"""Money in the database: whole units of 1e-12 US dollars, so that sums are exact; `Decimal` dollars everywhere else."""

from decimal import ROUND_CEILING, Decimal

UNITS_PER_DOLLAR = 10**12
_PLACES = 12


def to_units(dollars: Decimal) -> int:
    """Dollars as units; a part of a unit counts as a whole one, so that nothing is ever counted too low.

    Every rate in use has at most six decimals for a million tokens, so in practice nothing is rounded.

    Raises `ValueError` for a negative or not finite amount, `TypeError` for a float.
    """
    if not isinstance(dollars, Decimal):
        raise TypeError(f"Money is a Decimal, not {type(dollars).__name__}.")
    if not dollars.is_finite() or dollars < 0:
        raise ValueError(f"Money is finite and not negative, not {dollars}.")
    return int(dollars.scaleb(_PLACES).to_integral_value(ROUND_CEILING))


def to_dollars(units: int) -> Decimal:
    """Units as dollars, exactly, without trailing zeros beyond the cents."""
    whole, part = divmod(abs(units), UNITS_PER_DOLLAR)
    text = f"{whole}.{part:0{_PLACES}d}".rstrip("0")
    places = len(text) - text.index(".") - 1
    return Decimal(("-" if units < 0 else "") + text + "0" * max(0, 2 - places))
