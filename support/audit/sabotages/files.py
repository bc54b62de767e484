"""Sabotages of storing, finding and using files."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from support.audit.sabotages.places import file_store, gateway, module
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.catalogue.fixtures import FixtureMissing, fixture
from support.errors import LocalFileMissing, Unsupported
from support.gateway.files import contents
from support.values import FileReference, Provider, StoredFile, UploadOutcome


def is_there(path: Path) -> bool:
    return path.exists()


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


# Storing --------------------------------------------------------------------------------------------------------------


def _json_body() -> list[Patch]:
    def make(provider: Provider, path_prefix: str) -> Patch:
        files = module(provider, "files")

        def patched(original: Any, fired: Fired) -> Any:
            async def send(
                self: Any, path: Path, sent_name: str, purpose: str | None, expires_after: Any
            ) -> StoredFile:
                fired()
                body = {"purpose": purpose, "filename": sent_name, "file": _encoded(contents(path))}
                await self._client.post(f"{path_prefix}/files", body=body, cast_to=object)
                stored: StoredFile = files.stored(files.answer_on_the_wire())
                return stored

            return send

        return Patch(file_store(provider), "_send_upload", patched)

    return [make(Provider.OPENAI, ""), make(Provider.ANTHROPIC, "/v1")]


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

    return [Patch(module(provider, "files"), "stored", make) for provider in ALL]


def _name_loses_extension() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def sent_name(marker: Any, path: Path) -> str:
            fired()
            return f"{marker}{path.stem}"

        return sent_name

    return [Patch(gateway("files"), "sent_name", make)]


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
        Patch(gateway("files"), "check_local", not_checked),
        *(Patch(file_store(provider), "_send_upload", begun) for provider in ALL),
    ]


def _purpose_dropped_for_others() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def check_purpose(purpose: str | None, path: Path, provider: Provider) -> None:
            if provider is Provider.OPENAI:
                original(purpose, path, provider)
            elif purpose is not None:
                fired()

        return check_purpose

    return [Patch(gateway("files"), "check_purpose", make)]


def _purpose_default() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def purpose_to_send(purpose: str | None) -> str:
            default: str = original(None)
            if purpose not in (None, default):
                fired()
            return default

        return purpose_to_send

    return [Patch(module(Provider.OPENAI, "files"), "purpose_to_send", make)]


# Several at once ------------------------------------------------------------------------------------------------------


def _concurrent_serial() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def upload_many(self: Any, paths: Sequence[Path], *, purpose: str | None = None) -> list[UploadOutcome]:
            fired()
            return [await self._outcome(path, purpose) for path in paths]

        return upload_many

    return [Patch(gateway("files").FileStore, "upload_many", make)]


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

    return [Patch(gateway("files").FileStore, "upload_many", make)]


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

    return [Patch(gateway("files").FileStore, "upload_many", make)]


# Finding and reading --------------------------------------------------------------------------------------------------


def _list_first_page_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def following(page: Any) -> None:
            if original(page) is not None:
                fired()

        return following

    return [Patch(gateway("files"), "following", make)]


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

    return [Patch(gateway("files").FileStore, "content", make)]


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
        Patch(gateway("files").FileStore, "upload", remembering),
        Patch(module(Provider.OPENAI, "chat"), "file_part", inlining(for_openai, str)),
        Patch(module(Provider.ANTHROPIC, "messages"), "reference_block", inlining(for_anthropic, by_reference)),
        Patch(module(Provider.GEMINI, "contents"), "file_part", inlining(for_gemini, by_reference)),
    ]


FILES = (
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
)
