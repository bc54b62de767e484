"""No key leaves the run in a report."""

import pytest

from support.reporting.redaction import Redactor


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("key sim-openai-1a2b3c4d.", "key sim-…"),
        ("sk-proj-AbC_123-xyz is wrong", "sk-… is wrong"),
        ('{"key": "sk-ant-api03-AbCdEf"}', '{"key": "sk-…"}'),
        ("AIzaSyD-1234567890abc", "AIza…"),
        ("Authorization: Bearer abc.def-ghi=", "Authorization: Bearer …"),
        ("x-api-key: hunter22", "x-api-key: …"),
        ("/v1beta/files?key=abc123&pageSize=2", "/v1beta/files?key=…&pageSize=2"),
        ("POST /upload/v1beta/files?upload_id=iIiwq-naa_6&x=1", "POST /upload/v1beta/files?upload_id=…&x=1"),
        ("a risk-averse task-force at a desk-top", "a risk-averse task-force at a desk-top"),
        ("file-1a2b3c batch_123 vs_9 ftjob-abc123", "file-1a2b3c batch_123 vs_9 ftjob-abc123"),
    ],
)
def test_keys_are_known_by_their_shape(text, clean):
    assert Redactor().clean(text) == clean


def test_registered_secrets_are_known_whatever_their_shape():
    redactor = Redactor()
    redactor.add('p4ss"word')
    redactor.add('p4ss"word-long')
    redactor.add("abc")
    assert redactor.clean('abc p4ss"word-long p4ss"word') == "abc … …"
    assert redactor.clean_values({"a": ['p4ss"word', 1, None]}) == {"a": ["…", 1, None]}
