@files
Feature: Storing files
  A team hands its documents to a provider and relies on getting each one stored whole:
  every byte, under its own name, for the purpose the team gave.

  @FM-01
  Scenario Outline: A small text file arrives whole at <provider>
    When the team stores "notes-1k.txt" with <provider>
    Then <provider> reports 1024 bytes for the file
    And <provider> keeps it under the name that was sent, and the team reads it as "notes-1k.txt"
    And the file's bytes reached <provider> unchanged, in one upload
    And the team's record has everything that <provider> told about the file

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-01
  Scenario Outline: The same document stored twice is two files at <provider>
    Given the team has stored "notes-1k.txt" with <provider>
    When the team stores "notes-1k.txt" once more
    Then the two files have different ids
    And both can be read

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-01
  Scenario Outline: An empty file is refused before it leaves for <provider>
    When the team tries to store "empty.txt" with <provider>
    Then the request is refused as invalid, naming "empty.txt"
    And nothing was sent

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-02
  Scenario Outline: <provider> keeps the size, name and type of <file>
    When the team stores "<file>" with <provider>
    Then <provider> reports as many bytes as the file on disk has
    And <provider> keeps it under the name that was sent, and the team reads it as "<file>"
    And <provider> reports the type <type>

    @provider:OpenAI
    Examples: OpenAI tells no type, and the suite does not guess one
      | provider | file        | type    |
      | OpenAI   | sample.json | nothing |
      | OpenAI   | sample.csv  | nothing |
      | OpenAI   | sample.txt  | nothing |

    Examples: providers that tell the type
      | provider  | file        | type             |
      | Anthropic | sample.json | application/json |
      | Anthropic | sample.csv  | text/csv         |
      | Anthropic | sample.txt  | text/plain       |
      | Gemini    | sample.json | application/json |
      | Gemini    | sample.csv  | text/csv         |
      | Gemini    | sample.txt  | text/plain       |

  @FM-02
  Scenario Outline: Three formats side by side are three files at <provider>
    When the team stores these files with <provider>
      | file        |
      | sample.json |
      | sample.csv  |
      | sample.txt  |
    Then the 3 files have different ids
    And each can be read and has the size and name of its own file

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-02
  Scenario Outline: A folder is refused before anything leaves for <provider>
    When the team tries to store a folder with <provider>
    Then the request is refused as invalid, naming the folder
    And nothing was sent

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-06 @provider:OpenAI
  Scenario Outline: OpenAI keeps the purpose <purpose>
    Given the team has stored "<another file>" with OpenAI for <another purpose>
    When the team stores "<file>" with OpenAI for <purpose>
    Then OpenAI reports the purpose <purpose> for the file
    And the list of files for <purpose> has the file, and none of another purpose

    Examples: purposes that a team can give, beside a file of another purpose
      | purpose    | file                 | another purpose | another file         |
      | assistants | reference.md         | user_data       | notes-1k.txt         |
      | fine-tune  | training-10.jsonl    | assistants      | handbook.txt         |
      | batch      | batch-requests.jsonl | assistants      | handbook.txt         |
      | user_data  | notes-1k.txt         | assistants      | handbook.txt         |
      | vision     | sample.png           | assistants      | handbook.txt         |
      | evals      | evals-data.jsonl     | assistants      | handbook.txt         |

  @FM-06 @provider:OpenAI
  Scenario Outline: A team cannot store a file for <purpose>, which OpenAI keeps for its own results
    When the team tries to store "batch-requests.jsonl" with OpenAI for <purpose>
    Then the request is refused as invalid, naming the purpose
    And nothing was sent

    Examples: purposes of files that OpenAI makes
      | purpose           |
      | assistants_output |
      | batch_output      |
      | fine-tune-results |

  @FM-09
  Scenario Outline: Five files stored together each keep their own name and size at <provider>
    When the team stores five files of 101 to 105 bytes with <provider>, all at once
    Then the results come in the order of the files
    And the 5 files have different ids
    And each can be read and has the size and name of its own file

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-09 @simulator_only
  Scenario Outline: Five files stored together are on their way to <provider> at the same time
    Only a simulator can count what is open at one moment.

    Given <provider> holds its answers until 5 uploads are open
    When the team stores five files of 101 to 105 bytes with <provider>, all at once
    Then <provider> saw 5 uploads open at one moment
    And the 5 files have different ids
    And each can be read and has the size and name of its own file

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-09 @simulator_only
  Scenario Outline: When <provider> refuses one of five files, the other four are kept
    Only a simulator refuses on request.

    Given <provider> will refuse one upload
    When the team stores five files of 101 to 105 bytes with <provider>, all at once
    Then 4 files are stored and 1 is refused
    And the refusal names its own file
    And the results come in the order of the files
    And each can be read and has the size and name of its own file

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |
