"""Sabotages of the gateway: each a named patch of one function, put on from outside where the function is looked up."""

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from support.catalogue.fixtures import FixtureMissing, fixture
from support.errors import InvalidRequest, LocalFileMissing, TouchstoneError, Unsupported
from support.gateway.files import contents
from support.values import FileReference, Provider, StoredFile, UploadOutcome

ALL = tuple(Provider)
FOLDERS = {Provider.OPENAI: "openai", Provider.ANTHROPIC: "anthropic", Provider.GEMINI: "gemini"}
STORES = {Provider.OPENAI: "OpenAIFiles", Provider.ANTHROPIC: "AnthropicFiles", Provider.GEMINI: "GeminiFiles"}


def is_there(path: Path) -> bool:
    return path.exists()


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Fired:
    """Counts how often a sabotage really changed something."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@dataclass(frozen=True, slots=True)
class Patch:
    """A function and what stands in its place: `make` gets the original, and what to call when it changes something."""

    owner: Any
    """A module, or a class."""
    name: str
    make: Callable[[Any, Fired], Any]
    static: bool = False


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One way in which a gateway could be wrong."""

    name: str
    does: str
    providers: tuple[Provider, ...]
    patches: Callable[[], Sequence[Patch]]
    """Asked when it is put on, so that the SDKs are loaded only then."""


@contextmanager
def sabotaged(sabotage: Sabotage) -> Iterator[Fired]:
    """The gateway with the sabotage on; afterwards it is as it was."""
    fired = Fired()
    originals: list[tuple[Patch, Any]] = []
    try:
        for patch in sabotage.patches():
            original = vars(patch.owner)[patch.name]
            originals.append((patch, original))
            plain = original.__func__ if isinstance(original, staticmethod) else original
            made = patch.make(plain, fired)
            setattr(patch.owner, patch.name, staticmethod(made) if patch.static else made)
        yield fired
    finally:
        for patch, original in reversed(originals):
            setattr(patch.owner, patch.name, original)


def _files() -> Any:
    return import_module("support.gateway.files")


def _module(provider: Provider, name: str) -> Any:
    return import_module(f"support.gateway.{FOLDERS[provider]}.{name}")


def _store(provider: Provider) -> Any:
    return getattr(_module(provider, "files"), STORES[provider])


# Storing --------------------------------------------------------------------------------------------------------------


def _json_body() -> list[Patch]:
    def make(path_prefix: str) -> Callable[[Any, Fired], Any]:
        def patched(original: Any, fired: Fired) -> Any:
            async def send(
                self: Any, path: Path, sent_name: str, purpose: str | None, expires_after: Any
            ) -> StoredFile:
                fired()
                body = {"purpose": purpose, "filename": sent_name, "file": _encoded(contents(path))}
                answered = await self._client.post(f"{path_prefix}/files", body=body, cast_to=object)
                raise AssertionError(f"the provider took JSON for an upload: {answered}")

            return send

        return patched

    return [
        Patch(_store(Provider.OPENAI), "_send_upload", make("")),
        Patch(_store(Provider.ANTHROPIC), "_send_upload", make("/v1")),
    ]


def _size_in_characters() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def stored(answer: Any) -> StoredFile:
            file: StoredFile = original(answer)
            try:
                characters = len(fixture(file.name).read_text(encoding="utf-8"))
            except (FixtureMissing, UnicodeDecodeError):
                return file
            if characters == file.size_bytes:
                return file
            fired()
            return file.model_copy(update={"size_bytes": characters})

        return stored

    return [Patch(_module(provider, "files"), "stored", make) for provider in ALL]


def _name_loses_extension() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def sent_name(marker: Any, path: Path) -> str:
            fired()
            return f"{marker}{path.stem}"

        return sent_name

    return [Patch(_files(), "sent_name", make)]


def _missing_path_sends_request() -> list[Patch]:
    def not_checked(original: Any, fired: Fired) -> Any:
        def check_local(path: Path, provider: Provider) -> None:
            if path.exists():
                original(path, provider)

        return check_local

    def begun(original: Any, fired: Fired) -> Any:
        async def send(self: Any, path: Path, *rest: Any) -> StoredFile:
            if not is_there(path):
                fired()
                await self._send_list(None, None, None, None, None)
                raise LocalFileMissing(f"there is no file at {path}", provider=self.provider)
            stored: StoredFile = await original(self, path, *rest)
            return stored

        return send

    return [
        Patch(_files(), "check_local", not_checked),
        *(Patch(_store(provider), "_send_upload", begun) for provider in ALL),
    ]


def _purpose_dropped_for_others() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def check_purpose(purpose: str | None, path: Path, provider: Provider) -> None:
            if provider is Provider.OPENAI:
                original(purpose, path, provider)
            elif purpose is not None:
                fired()

        return check_purpose

    return [Patch(_files(), "check_purpose", make)]


def _purpose_default() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def purpose_to_send(purpose: str | None) -> str:
            default: str = original(None)
            if purpose not in (None, default):
                fired()
            return default

        return purpose_to_send

    return [Patch(_module(Provider.OPENAI, "files"), "purpose_to_send", make)]


# Several at once ------------------------------------------------------------------------------------------------------


def _concurrent_serial() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def upload_many(self: Any, paths: Sequence[Path], *, purpose: str | None = None) -> list[UploadOutcome]:
            fired()
            return [await self._outcome(path, purpose) for path in paths]

        return upload_many

    return [Patch(_files().FileStore, "upload_many", make)]


def _concurrent_cross_wired() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def upload_many(self: Any, paths: Sequence[Path], *, purpose: str | None = None) -> list[UploadOutcome]:
            outcomes: list[UploadOutcome] = await original(self, paths, purpose=purpose)
            turned = [*outcomes[1:], outcomes[0]]
            fired()
            return [
                UploadOutcome(path=mine.path, file=other.file, error=other.error)
                for mine, other in zip(outcomes, turned, strict=True)
            ]

        return upload_many

    return [Patch(_files().FileStore, "upload_many", make)]


def _concurrent_first_error_wins() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def upload_many(self: Any, paths: Sequence[Path], *, purpose: str | None = None) -> list[UploadOutcome]:
            outcomes: list[UploadOutcome] = await original(self, paths, purpose=purpose)
            failed = [outcome for outcome in outcomes if outcome.error is not None]
            if not failed:
                return outcomes
            fired()
            return failed[:1]

        return upload_many

    return [Patch(_files().FileStore, "upload_many", make)]


# Finding and reading --------------------------------------------------------------------------------------------------


def _list_first_page_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def following(page: Any) -> None:
            if original(page) is not None:
                fired()

        return following

    return [Patch(_files(), "following", make)]


def _download_empty_ok() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def content(self: Any, file_id: str) -> bytes:
            try:
                whole: bytes = await original(self, file_id)
            except Unsupported:
                fired()
                return b""
            return whole

        return content

    return [Patch(_files().FileStore, "content", make)]


def _use_inlines_local_copy() -> list[Patch]:
    copies: dict[str, bytes] = {}

    def remembering(original: Any, fired: Fired) -> Any:
        async def upload(self: Any, path: Path, **options: Any) -> StoredFile:
            file: StoredFile = await original(self, path, **options)
            copies[file.id] = contents(path)
            return file

        return upload

    def inlining(part: Callable[[str, str], Any], id_of: Callable[[Any], str]) -> Callable[[Any, Fired], Any]:
        def make(original: Any, fired: Fired) -> Any:
            def inlined(reference: Any, *rest: Any) -> Any:
                content = copies.get(id_of(reference))
                if content is None:
                    return original(reference, *rest)
                fired()
                return part(_encoded(content), "application/pdf")

            return inlined

        return make

    def by_reference(reference: FileReference) -> str:
        return reference.file_id

    def for_openai(data: str, mime_type: str) -> Any:
        return {"type": "file", "file": {"filename": "copy.pdf", "file_data": f"data:{mime_type};base64,{data}"}}

    def for_anthropic(data: str, mime_type: str) -> Any:
        return {"type": "document", "source": {"type": "base64", "media_type": mime_type, "data": data}}

    def for_gemini(data: str, mime_type: str) -> Any:
        return {"inline_data": {"mime_type": mime_type, "data": data}}

    return [
        Patch(_files().FileStore, "upload", remembering),
        Patch(_module(Provider.OPENAI, "chat"), "file_part", inlining(for_openai, str)),
        Patch(_module(Provider.ANTHROPIC, "messages"), "reference_block", inlining(for_anthropic, by_reference)),
        Patch(_module(Provider.GEMINI, "contents"), "file_part", inlining(for_gemini, by_reference)),
    ]


# Errors ---------------------------------------------------------------------------------------------------------------


def _gemini_403_as_permission() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def is_absence(status: int, message: str) -> bool:
            if original(status, message):
                fired()
            return False

        return is_absence

    return [Patch(_module(Provider.GEMINI, "errors"), "is_absence", make)]


def _retry_on_400() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def may_repeat(error: BaseException, repeat: Any) -> bool:
            if isinstance(error, TouchstoneError) and error.status == 400:
                fired()
                return True
            return bool(original(error, repeat))

        return may_repeat

    # the choke point asks after the first attempt, tenacity after each one that follows
    return [
        Patch(import_module("support.gateway.call"), "may_repeat", make),
        Patch(import_module("support.gateway.retry"), "may_repeat", make),
    ]


def _all_one_kind() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def translate(error: Exception) -> TouchstoneError:
            right: TouchstoneError = original(error)
            if not isinstance(right, InvalidRequest):
                fired()
            return InvalidRequest(right.message, status=right.status, provider_message=right.provider_message)

        return translate

    return [Patch(_store(provider), "translate", make, static=True) for provider in ALL]


SABOTAGES: dict[str, Sabotage] = {
    sabotage.name: sabotage
    for sabotage in (
        Sabotage(
            "files.upload.json_body",
            "The gateway sends an upload as JSON instead of a form.",
            (Provider.OPENAI, Provider.ANTHROPIC),
            _json_body,
        ),
        Sabotage("files.size_in_characters", "Sizes are counted in characters.", ALL, _size_in_characters),
        Sabotage(
            "files.name_loses_extension", "A file is sent without the ending of its name.", ALL, _name_loses_extension
        ),
        Sabotage(
            "files.missing_path_sends_request",
            "A missing path is noticed only after a request was sent.",
            ALL,
            _missing_path_sends_request,
        ),
        Sabotage(
            "files.purpose_dropped_for_others",
            "A purpose is dropped in silence where the provider has none.",
            (Provider.ANTHROPIC, Provider.GEMINI),
            _purpose_dropped_for_others,
        ),
        Sabotage(
            "files.purpose_default",
            "The gateway's default is sent instead of the given purpose.",
            (Provider.OPENAI,),
            _purpose_default,
        ),
        Sabotage("files.concurrent_serial", "Uploads that should go together go one by one.", ALL, _concurrent_serial),
        Sabotage("files.concurrent_cross_wired", "Results belong to other paths.", ALL, _concurrent_cross_wired),
        Sabotage(
            "files.concurrent_first_error_wins",
            "After one refusal the other results are lost.",
            ALL,
            _concurrent_first_error_wins,
        ),
        Sabotage(
            "files.list_first_page_only", "A walk through all pages ends after the first.", ALL, _list_first_page_only
        ),
        Sabotage(
            "files.download_empty_ok",
            "Content that the provider keeps to itself comes back as nothing, with success.",
            (Provider.ANTHROPIC, Provider.GEMINI),
            _download_empty_ok,
        ),
        Sabotage(
            "files.use_inlines_local_copy",
            "A question carries the local copy of a file instead of its id.",
            ALL,
            _use_inlines_local_copy,
        ),
        Sabotage(
            "files.gemini_403_as_permission",
            "A file that Gemini does not know is called forbidden.",
            (Provider.GEMINI,),
            _gemini_403_as_permission,
        ),
        Sabotage("retry.on_400", "A request that is wrong is sent again.", ALL, _retry_on_400),
        Sabotage("errors.all_one_kind", "Every failure gets the same kind.", ALL, _all_one_kind),
    )
}

EXCLUDED: dict[str, str] = {}
"""Switches that the code's shape makes impossible, with the reason."""

__all__ = ["EXCLUDED", "SABOTAGES", "Fired", "Patch", "Sabotage", "sabotaged"]
