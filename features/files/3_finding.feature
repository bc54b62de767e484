@files
Feature: Finding files again
  A team finds what it stored: one file by its id, all files page by page,
  and the facts it needs to keep order: when a file was stored and when it will expire.

  @FM-03
  Scenario Outline: <provider> tells the same about a file as when it was stored
    Given the team has stored "notes-1k.txt" with <provider>
    And the team has stored "handbook.txt" with <provider>
    When the team reads what <provider> knows of "notes-1k.txt"
    Then it is the same as when the file was stored

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-03
  Scenario Outline: The time a file was stored does not change at <provider>
    Given the team has stored "notes-1k.txt" with <provider>
    Then <provider> says that the file was stored just now
    When 60 seconds pass
    Then <provider> still says the same time

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-03
  Scenario Outline: A file stored with <provider> <asked> is kept for <lifetime>
    When the team stores "<file>" with <provider> <asked>
    Then <provider> says that the file will expire <lifetime> after it was stored

    Examples: how long files are kept
      | provider  | asked                    | file                 | lifetime |
      | OpenAI    | to be kept for 1 hour    | notes-1k.txt         | 1 hour   |
      | Anthropic | to be kept for 1 hour    | notes-1k.txt         | 1 hour   |
      | Gemini    | without asking           | notes-1k.txt         | 48 hours |
      | OpenAI    | for batch without asking | batch-requests.jsonl | 30 days  |

  @FM-03 @simulator_only
  Scenario Outline: After <lifetime>, a file stored with <provider> <asked> is gone
    Nobody waits for hours in a test: only a simulator lets them pass.

    Given the team has stored "<file>" with <provider> <asked>
    When <lifetime> pass
    And 1 second passes
    Then the file can no longer be read
    And the file is missing from the list of stored files

    Examples: how long files are kept
      | provider  | asked                    | file                 | lifetime |
      | OpenAI    | to be kept for 1 hour    | notes-1k.txt         | 1 hour   |
      | Anthropic | to be kept for 1 hour    | notes-1k.txt         | 1 hour   |
      | Gemini    | without asking           | notes-1k.txt         | 48 hours |
      | OpenAI    | for batch without asking | batch-requests.jsonl | 30 days  |

  @FM-03 @provider:OpenAI
  Scenario Outline: A file stored for <purpose> comes back byte for byte
    Given the team has stored "<file>" with OpenAI for <purpose>
    When the team reads the content of the file back
    Then the content is byte for byte the one of "<file>"

    Examples: purposes whose files OpenAI gives back
      | purpose   | file                 |
      | batch     | batch-requests.jsonl |
      | fine-tune | training-10.jsonl    |

  @FM-03
  Scenario Outline: <provider> does not give the content of a stored file back, and says so
    Given the team has stored "notes-1k.txt" with <provider>
    When the team tries to read the content of the file back
    Then the request is refused as unsupported by <provider>

    Examples: providers that keep the content to themselves
      | provider  |
      | Anthropic |
      | Gemini    |

  @FM-03
  Scenario Outline: A file that was never stored is unknown to <provider>
    When the team asks <provider> for a file that was never stored
    Then the request is refused because <provider> has no such file
    And the refusal names the file's id

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-07
  Scenario Outline: A walk through all files of <provider> meets each one once
    Given the team has stored 3 files with <provider>, a few seconds apart
    When the team walks through all files, 2 a page
    Then each of the 3 files is met exactly once
    And without a page size each of the 3 files is met exactly once too

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-07 @provider:OpenAI
  Scenario: A list for one purpose has no file of another
    Given the team has stored "notes-1k.txt" with OpenAI for user_data
    And the team has stored "handbook.txt" with OpenAI for user_data
    And the team has stored "batch-requests.jsonl" with OpenAI for batch
    When the team lists the files for batch
    Then the list has "batch-requests.jsonl" and only files for batch
    And the list has neither "notes-1k.txt" nor "handbook.txt"

  @FM-07 @provider:OpenAI
  Scenario Outline: OpenAI lists files <order> first
    Given the team has stored 3 files with OpenAI, a few seconds apart
    When the team lists the files <order> first, 2 a page
    Then the 3 files come <order> first

    Examples: both orders
      | order  |
      | oldest |
      | newest |

  @FM-07 @provider:Anthropic
  Scenario: Anthropic leaves a deleted file out of a list by ids
    Given the team has stored "notes-1k.txt" with Anthropic
    And the team has stored "handbook.txt" with Anthropic
    And the team has deleted "handbook.txt"
    When the team lists exactly these two files
    Then the list has "notes-1k.txt" alone

  @FM-07
  Scenario Outline: <provider> has no list by purpose, and says so
    When the team tries to list the files of <provider> for batch
    Then the request is refused as unsupported by <provider>
    And nothing was sent

    Examples: providers without purposes
      | provider  |
      | Anthropic |
      | Gemini    |

  @FM-07
  Scenario Outline: A page of <limit> files is refused for <provider>
    When the team tries to list the files of <provider>, <limit> a page
    Then the request is refused as invalid, naming the limit
    And nothing was sent

    Examples: sizes that no page can have
      | provider  | limit |
      | OpenAI    | 0     |
      | OpenAI    | 10001 |
      | Anthropic | 0     |
      | Anthropic | 10001 |
      | Gemini    | 0     |
      | Gemini    | 10001 |
