"""The end of a training job: whether it is there, what it means, and what is charged for it."""

from support.errors import JobFailed
from support.values import Provider, TuningJob


def billed_tokens(job: TuningJob) -> int | None:
    """What a job that has ended is charged for: nothing unless it succeeded; None where the provider does not tell."""
    return job.trained_tokens if job.status == "succeeded" else 0


def is_done(job: TuningJob) -> bool:
    """Whether nothing more comes of it."""
    return job.ended


def has_failed(job: TuningJob) -> bool:
    """Whether the provider gave up on it."""
    return job.status == "failed"


def failed(job: TuningJob) -> JobFailed:
    """The provider's own reason."""
    why = job.failure
    if why is None:
        return JobFailed(f"job {job.id} failed; the provider does not say why", provider=Provider.OPENAI)
    about = f", param {why.param}" if why.param else ""
    return JobFailed(
        f"job {job.id} failed: {why.message} (code {why.code}{about})",
        provider=Provider.OPENAI,
        code=why.code,
        param=why.param,
        provider_message=why.message,
    )
