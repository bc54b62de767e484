"""What training costs and what may be asked for, before anything is sent (provider-facts 8.1; prices: 11)."""

from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

from support.catalogue.limits import tuning_limits
from support.errors import UnknownPrice
from support.gateway.assistant_checks import check_metadata
from support.gateway.refusing import refused
from support.ledger.prices import own_price
from support.values import Provider, TuningEstimate, TuningOptions

SAMPLED = Decimal("1.1")
"""What an estimate's upper end is raised by where not every example was counted."""
_MILLION = 1_000_000


def check_options(options: TuningOptions) -> None:
    """Refuses what is out of its range; nothing is ever changed into its range."""
    limits = tuning_limits(Provider.OPENAI)
    numbers = (
        ("n_epochs", options.n_epochs, limits.epochs),
        ("batch_size", options.batch_size, limits.batch_size),
        ("seed", options.seed, (0, limits.max_seed)),
    )
    for name, number, (low, high) in numbers:
        if number is not None and not low <= number <= high:
            raise refused(Provider.OPENAI, name, f"must be {low} to {high}, not {number}")
    rate = options.learning_rate_multiplier
    if rate is not None and not 0 < rate < float("inf"):
        raise refused(Provider.OPENAI, "learning_rate_multiplier", f"must be more than 0, not {rate}")
    if options.beta is not None:
        if options.method != "preference":
            raise refused(Provider.OPENAI, "beta", f"is for the preference method alone, not for {options.method}")
        if not 0 < options.beta <= limits.max_beta:
            said = f"must be more than 0 and {limits.max_beta:g} at most, not {options.beta}"
            raise refused(Provider.OPENAI, "beta", said)
    if (options.grader is not None) != (options.method == "reinforcement"):
        said = "is needed by the reinforcement method, and known to no other"
        raise refused(Provider.OPENAI, "grader", said)
    most = limits.max_suffix_characters
    if options.suffix is not None and not 1 <= len(options.suffix) <= most:
        said = f"has {len(options.suffix)} characters; 1 to {most} are allowed"
        raise refused(Provider.OPENAI, "suffix", said)
    check_metadata(Provider.OPENAI, options.metadata, marked=True)


def check_file(path: Path, field: str) -> None:
    """By its name: the provider takes no other for this purpose (provider-facts 2.1)."""
    if path.suffix != ".jsonl":
        raise refused(Provider.OPENAI, field, f"takes .jsonl files, not {path.name}")


def base_of(model: str) -> str:
    """The base model under a tuned one (`ft:BASE:…`); another stands for itself."""
    return model.split(":")[1] if model.startswith("ft:") and model.count(":") >= 2 else model


def is_tunable(model: str) -> bool:
    """Whether a method tunes the model, as far as the catalogue knows."""
    return any(fnmatchcase(base_of(model), pattern) for pattern in tuning_limits(Provider.OPENAI).tunable)


def training_price(model: str, options: TuningOptions) -> Decimal | None:
    """Dollars for a token, once through; None where no price is known. Reinforcement is sold by the hour, whose number nobody knows."""
    if options.method == "reinforcement":
        return None
    known = own_price(Provider.OPENAI, "training", base_of(model))
    return None if known is None else known.dollars / _MILLION


def unknown_price(model: str, options: TuningOptions) -> UnknownPrice:
    """Why no cost can be told."""
    if options.method == "reinforcement":
        said = f"reinforcement is sold by the hour, so what training {model} costs cannot be told beforehand"
    else:
        said = f"no price is known for training {model}; choose a model that has one"
    return UnknownPrice(said, provider=Provider.OPENAI, operation="fine_tuning.create")


def epochs_of(options: TuningOptions, examples: int) -> tuple[int, int]:
    """From and to: what was chosen, or what the provider can be expected to choose for so many examples."""
    if options.n_epochs is not None:
        return options.n_epochs, options.n_epochs
    auto = tuning_limits(Provider.OPENAI).auto_epochs
    fewest, most = auto.seen
    number = max(1, examples)
    guess = auto.usual
    if number * guess < fewest:
        guess = min(auto.most, fewest // number)
    elif number * guess > most:
        guess = max(1, most // number)
    return min(auto.usual, guess), max(auto.usual, guess)


def estimated(
    model: str, tokens: int, epochs: tuple[int, int], price: Decimal, *, exact: bool = True
) -> TuningEstimate:
    """Tokens of an epoch × epochs × the price of a token."""
    low, high = (cost(tokens * number, price) for number in epochs)
    return TuningEstimate(model=model, tokens=tokens, epochs=epochs, cost_usd=(low, high if exact else high * SAMPLED))


def cost(trained_tokens: int, price: Decimal) -> Decimal:
    """What so many tokens cost, each counted as often as it was gone through."""
    return trained_tokens * price
