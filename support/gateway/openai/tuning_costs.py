"""What training costs at OpenAI: an estimate, the most that a job can cost, and what it did cost."""

from decimal import Decimal
from pathlib import Path

import openai

from support.catalogue.limits import tuning_limits
from support.errors import NotFound
from support.gateway import fine_tuning, training_data
from support.gateway.call import Bill, ChokePoint
from support.gateway.openai import training_tokens, tuning_ends
from support.gateway.openai.files import OpenAIFiles
from support.gateway.openai.tokens import OpenAITokens
from support.gateway.openai.tuning_errors import as_invalid
from support.gateway.runs import Bills
from support.values import Provider, TrainingData, TuningEstimate, TuningJob, TuningOptions, Usage


class TuningCosts:
    """The bills of jobs that this process began, and what was counted for them."""

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        self._choke = choke
        self._files = OpenAIFiles(choke, client)
        self._tokens = OpenAITokens(choke, client)
        self._bills = Bills()
        self._prices: dict[str, Decimal | None] = {}
        """Dollars for a trained token, by the job whose bill is open."""
        self._counted: dict[tuple[str, int, int, str], training_tokens.Counted] = {}
        """By path, size, time of the last change, and model: what was estimated is not counted again."""

    async def estimate(
        self, training: TrainingData, *, model: str, options: TuningOptions | None = None
    ) -> TuningEstimate:
        options = options or TuningOptions()
        fine_tuning.check_options(options)
        if training.faults:
            raise training_data.refusal_of(training)
        price = fine_tuning.training_price(model, options)
        if price is None:
            raise fine_tuning.unknown_price(model, options)
        counted = await self._count(training, model)
        epochs = fine_tuning.epochs_of(options, training.examples)
        return fine_tuning.estimated(model, counted.tokens, epochs, price, exact=counted.exact)

    async def _count(self, training: TrainingData, model: str) -> training_tokens.Counted:
        if training.tokens is not None:
            return training_tokens.Counted(training.tokens, exact=True)
        base = fine_tuning.base_of(model)
        key = (*training_tokens.identity(training.path), base)
        if key not in self._counted:
            self._counted[key] = await training_tokens.counted(self._tokens, training, base)
        return self._counted[key]

    async def highest(
        self, training: Path | str, data: TrainingData | None, model: str, options: TuningOptions, price: Decimal
    ) -> Decimal:
        """The most that training can cost: by the estimate, or for data that nobody read by its size, as a token is at least a byte."""
        if data is not None:
            try:
                return (await self.estimate(data, model=model, options=options)).cost_usd[1]
            except NotFound as unknown:  # the model, of which the provider's count knows nothing
                raise as_invalid(unknown) from unknown
        if isinstance(training, Path):
            examples, size = training_tokens.lines_and_bytes(training)
        else:
            examples, size = tuning_limits(Provider.OPENAI).min_examples, await self._size_of(training)
        return fine_tuning.cost(size * fine_tuning.epochs_of(options, examples)[1], price)

    async def _size_of(self, file_id: str) -> int:
        if file_id not in self._choke.file_sizes:
            try:
                self._choke.file_sizes[file_id] = (await self._files.get(file_id)).size_bytes
            except NotFound:
                return 0  # for the creation to say so
        return self._choke.file_sizes[file_id]

    def begun(self, job: TuningJob, bill: Bill, price: Decimal | None) -> None:
        self._bills.begun(job.id, bill)
        self._prices[job.id] = price

    def seen(self, job: TuningJob) -> None:
        """An end is paid for."""
        if job.ended and self._bills.is_open(job.id):
            trained = tuning_ends.billed_tokens(job)
            if trained is not None:  # untold, it stays reserved
                price = self._prices.pop(job.id)
                fees = Decimal(0) if not trained else None if price is None else fine_tuning.cost(trained, price)
                self._bills.ended(job.id, Usage(), fees)
