"""The requests of generateContent and countTokens, field by field (provider-facts 9.3; protos of @google-ai/generativelanguage 3.7.1).

Newer fields come from google-genai 3.4.0. What the simulator has no use for is accepted and read as it is. v1 and v1beta
take the same fields: since 3.0.0 the SDK sends all of them to v1 (provider-facts 0.1).
"""

from __future__ import annotations

from support.simulator.gemini.proto import (
    BYTES,
    DOUBLE,
    FLOAT,
    INT32,
    INT64,
    STRUCT,
    TEXT,
    TRUTH,
    VALUE,
    ByName,
    Enum,
    Kind,
    Message,
    Several,
)

HARM_CATEGORY = {
    "HARM_CATEGORY_UNSPECIFIED": 0,
    "HARM_CATEGORY_DEROGATORY": 1,
    "HARM_CATEGORY_TOXICITY": 2,
    "HARM_CATEGORY_VIOLENCE": 3,
    "HARM_CATEGORY_SEXUAL": 4,
    "HARM_CATEGORY_MEDICAL": 5,
    "HARM_CATEGORY_DANGEROUS": 6,
    "HARM_CATEGORY_HARASSMENT": 7,
    "HARM_CATEGORY_HATE_SPEECH": 8,
    "HARM_CATEGORY_SEXUALLY_EXPLICIT": 9,
    "HARM_CATEGORY_DANGEROUS_CONTENT": 10,
    "HARM_CATEGORY_CIVIC_INTEGRITY": 11,
    "HARM_CATEGORY_JAILBREAK": 12,
}
FINISH_REASON = {"FINISH_REASON_UNSPECIFIED": 0, "STOP": 1, "MAX_TOKENS": 2, "SAFETY": 3}
HARM_PROBABILITY = {"HARM_PROBABILITY_UNSPECIFIED": 0, "NEGLIGIBLE": 1, "LOW": 2, "MEDIUM": 3, "HIGH": 4}
MODALITY = {"MODALITY_UNSPECIFIED": 0, "TEXT": 1, "IMAGE": 2, "VIDEO": 3, "AUDIO": 4, "DOCUMENT": 5}
LANGUAGE = {"LANGUAGE_UNSPECIFIED": 0, "PYTHON": 1}
OUTCOME = {"OUTCOME_UNSPECIFIED": 0, "OUTCOME_OK": 1, "OUTCOME_FAILED": 2, "OUTCOME_DEADLINE_EXCEEDED": 3}


def _words(*words: str) -> dict[str, int]:
    """Numbered in order, from the unspecified one."""
    return {word: number for number, word in enumerate(words)}


# --- Contents ---------------------------------------------------------------------------------------------------------

BLOB = Message("Blob", mime_type=TEXT, data=BYTES, display_name=TEXT)
FILE_DATA = Message("FileData", mime_type=TEXT, file_uri=TEXT, display_name=TEXT)
FUNCTION_CALL = Message("FunctionCall", id=TEXT, name=TEXT, args=STRUCT)
FUNCTION_RESPONSE = Message(
    "FunctionResponse",
    id=TEXT,
    name=TEXT,
    response=STRUCT,
    parts=Several(VALUE),
    will_continue=TRUTH,
    scheduling=Enum(
        "FunctionResponse.Scheduling", _words("SCHEDULING_UNSPECIFIED", "SILENT", "WHEN_IDLE", "INTERRUPT")
    ),
)
EXECUTABLE_CODE = Message("ExecutableCode", id=TEXT, language=Enum("ExecutableCode.Language", LANGUAGE), code=TEXT)
CODE_RESULT = Message("CodeExecutionResult", id=TEXT, outcome=Enum("CodeExecutionResult.Outcome", OUTCOME), output=TEXT)
PART = Message(
    "Part",
    {
        "data": (
            "text",
            "inline_data",
            "function_call",
            "function_response",
            "file_data",
            "executable_code",
            "code_execution_result",
            "tool_call",
            "tool_response",
        )
    },
    text=TEXT,
    inline_data=BLOB,
    function_call=FUNCTION_CALL,
    function_response=FUNCTION_RESPONSE,
    file_data=FILE_DATA,
    executable_code=EXECUTABLE_CODE,
    code_execution_result=CODE_RESULT,
    tool_call=STRUCT,
    tool_response=STRUCT,
    thought=TRUTH,
    thought_signature=BYTES,
    part_metadata=STRUCT,
    video_metadata=STRUCT,
    media_resolution=STRUCT,
    media_processing=STRUCT,
    audio_transcription=STRUCT,
    audio_metadata=STRUCT,
    speech_metadata=STRUCT,
    document_metadata=STRUCT,
    spreadsheet_metadata=STRUCT,
)
CONTENT = Message("Content", role=TEXT, parts=Several(PART))

# --- Tools ------------------------------------------------------------------------------------------------------------

SCHEMA = Message(
    "Schema",
    type=Enum("Type", _words("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")),
    format=TEXT,
    title=TEXT,
    description=TEXT,
    nullable=TRUTH,
    enum=Several(TEXT),
    max_items=INT64,
    min_items=INT64,
    required=Several(TEXT),
    min_properties=INT64,
    max_properties=INT64,
    minimum=DOUBLE,
    maximum=DOUBLE,
    min_length=INT64,
    max_length=INT64,
    pattern=TEXT,
    example=VALUE,
    default=VALUE,
    property_ordering=Several(TEXT),
    additional_properties=VALUE,
    ref=TEXT,
)
SCHEMA.add(items=SCHEMA, properties=ByName(SCHEMA), any_of=Several(SCHEMA), defs=ByName(SCHEMA))
_WITH_DOLLARS: dict[str, Kind] = {"$ref": TEXT, "$defs": ByName(SCHEMA)}
SCHEMA.add(**_WITH_DOLLARS)

FUNCTION_DECLARATION = Message(
    "FunctionDeclaration",
    name=TEXT,
    description=TEXT,
    parameters=SCHEMA,
    parameters_json_schema=VALUE,
    response=SCHEMA,
    response_json_schema=VALUE,
    behavior=Enum("FunctionDeclaration.Behavior", _words("UNSPECIFIED", "BLOCKING", "NON_BLOCKING")),
)
FILE_SEARCH = Message("FileSearch", file_search_store_names=Several(TEXT), top_k=INT32, metadata_filter=TEXT)
TOOL = Message(
    "Tool",
    function_declarations=Several(FUNCTION_DECLARATION),
    code_execution=STRUCT,
    google_search=STRUCT,
    google_search_retrieval=STRUCT,
    google_maps=STRUCT,
    url_context=STRUCT,
    file_search=FILE_SEARCH,
    computer_use=STRUCT,
    mcp_servers=Several(VALUE),
)
TOOL_CONFIG = Message(
    "ToolConfig",
    function_calling_config=Message(
        "FunctionCallingConfig",
        mode=Enum("FunctionCallingConfig.Mode", _words("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED")),
        allowed_function_names=Several(TEXT),
    ),
    retrieval_config=STRUCT,
    include_server_side_tool_invocations=TRUTH,
)

# --- Settings ---------------------------------------------------------------------------------------------------------

SAFETY_SETTING = Message(
    "SafetySetting",
    category=Enum("HarmCategory", HARM_CATEGORY),
    threshold=Enum(
        "SafetySetting.HarmBlockThreshold",
        _words(
            "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
            "BLOCK_LOW_AND_ABOVE",
            "BLOCK_MEDIUM_AND_ABOVE",
            "BLOCK_ONLY_HIGH",
            "BLOCK_NONE",
            "OFF",
        ),
    ),
)
THINKING_CONFIG = Message(
    "ThinkingConfig",
    include_thoughts=TRUTH,
    thinking_budget=INT32,
    thinking_level=Enum(
        "ThinkingConfig.ThinkingLevel",
        _words("THINKING_LEVEL_UNSPECIFIED", "LOW", "HIGH", "MEDIUM", "MINIMAL", "XHIGH"),
    ),
)
GENERATION_CONFIG = Message(
    "GenerationConfig",
    candidate_count=INT32,
    stop_sequences=Several(TEXT),
    max_output_tokens=INT32,
    temperature=FLOAT,
    top_p=FLOAT,
    top_k=INT32,
    seed=INT32,
    response_mime_type=TEXT,
    response_schema=SCHEMA,
    response_json_schema=VALUE,
    presence_penalty=FLOAT,
    frequency_penalty=FLOAT,
    response_logprobs=TRUTH,
    logprobs=INT32,
    enable_enhanced_civic_answers=TRUTH,
    response_modalities=Several(
        Enum("GenerationConfig.Modality", _words("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO", "VIDEO"))
    ),
    speech_config=STRUCT,
    thinking_config=THINKING_CONFIG,
    image_config=STRUCT,
    media_resolution=Enum(
        "GenerationConfig.MediaResolution",
        _words(
            "MEDIA_RESOLUTION_UNSPECIFIED",
            "MEDIA_RESOLUTION_LOW",
            "MEDIA_RESOLUTION_MEDIUM",
            "MEDIA_RESOLUTION_HIGH",
        ),
    ),
    response_format=VALUE,
    translation_config=STRUCT,
    audio_transcription_config=STRUCT,
)
GENERATION_CONFIG.add(_responseJsonSchema=VALUE)

# --- Requests ---------------------------------------------------------------------------------------------------------

GENERATE = Message(
    "GenerateContentRequest",
    model=TEXT,
    contents=Several(CONTENT),
    system_instruction=CONTENT,
    tools=Several(TOOL),
    tool_config=TOOL_CONFIG,
    safety_settings=Several(SAFETY_SETTING),
    generation_config=GENERATION_CONFIG,
    cached_content=TEXT,
    service_tier=TEXT,
    labels=STRUCT,
    store=TRUTH,
    continuation_token=BYTES,
)
COUNT = Message("CountTokensRequest", model=TEXT, contents=Several(CONTENT), generate_content_request=GENERATE)

FILE = Message(
    "File",
    name=TEXT,
    display_name=TEXT,
    mime_type=TEXT,
    size_bytes=INT64,
    create_time=TEXT,
    update_time=TEXT,
    expiration_time=TEXT,
    sha256_hash=BYTES,
    uri=TEXT,
    download_uri=TEXT,
    state=VALUE,
    source=VALUE,
    error=STRUCT,
    video_metadata=STRUCT,
)
CREATE_FILE = Message("CreateFileRequest", file=FILE)
