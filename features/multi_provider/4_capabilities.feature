@multi_provider
Feature: Knowing beforehand what each provider can do
  The gateway tells for each provider what it can do and what it cannot. Each line of these tables is tried: what it calls
  possible works, what it calls impossible is refused by the gateway itself, with nothing sent, and what has ended names the
  day and what comes after it.

  `python -m support matrix` prints the same, and docs/matrix.md has it with the reasons. Gemini also caches long
  beginnings of questions by itself, but does not promise it; so it is not listed as a feature.

  @MP-05
  Scenario Outline: <provider> can do this: <feature>
    When the team looks up whether <provider> can do this: <feature>
    Then it is told that <provider> can
    And so it can

    Examples: what works
      | provider  | feature           |
      | OpenAI    | files             |
      | OpenAI    | vector stores     |
      | OpenAI    | embeddings        |
      | OpenAI    | assistants        |
      | OpenAI    | batches           |
      | OpenAI    | chat              |
      | OpenAI    | counting tokens   |
      | OpenAI    | models            |
      | OpenAI    | vision            |
      | OpenAI    | functions         |
      | OpenAI    | answers in a form |
      | OpenAI    | caching by a key  |
      | Anthropic | files             |
      | Anthropic | batches           |
      | Anthropic | chat              |
      | Anthropic | counting tokens   |
      | Anthropic | models            |
      | Anthropic | vision            |
      | Anthropic | functions         |
      | Anthropic | answers in a form |
      | Anthropic | caching by marks  |
      | Gemini    | files             |
      | Gemini    | caches            |
      | Gemini    | vector stores     |
      | Gemini    | embeddings        |
      | Gemini    | batches           |
      | Gemini    | chat              |
      | Gemini    | counting tokens   |
      | Gemini    | models            |
      | Gemini    | vision            |
      | Gemini    | functions         |
      | Gemini    | answers in a form |
      | Gemini    | asking over a cache |

  @MP-05 @capability:fine_tuning
  Scenario Outline: <provider> can do this until 6 January 2027: <feature>
    Looked at is the list of jobs: starting one costs money, and OpenAI lets most teams start none any more.

    When the team looks up whether <provider> can do this: <feature>
    Then it is told that <provider> can, until 2027-01-06
    And so it can

    Examples: what will end
      | provider | feature     |
      | OpenAI   | fine-tuning |

  @MP-05
  Scenario Outline: <provider> cannot do this: <feature>
    When the team looks up whether <provider> can do this: <feature>
    Then it is told that <provider> cannot
    And whoever tries it is refused as unsupported by <provider>, and nothing is sent

    Examples: what does not work
      | provider  | feature             |
      | OpenAI    | caches              |
      | OpenAI    | caching by marks    |
      | OpenAI    | asking over a cache |
      | OpenAI    | corpora             |
      | Anthropic | caches              |
      | Anthropic | vector stores       |
      | Anthropic | embeddings          |
      | Anthropic | assistants          |
      | Anthropic | older assistants    |
      | Anthropic | fine-tuning         |
      | Anthropic | caching by a key    |
      | Anthropic | asking over a cache |
      | Anthropic | corpora             |
      | Gemini    | assistants          |
      | Gemini    | older assistants    |
      | Gemini    | fine-tuning         |
      | Gemini    | caching by a key    |
      | Gemini    | caching by marks    |
      | Gemini    | corpora             |

  @MP-05 @provider:OpenAI
  Scenario: OpenAI's older assistants have ended, and the team is told when and what comes after them
    When the team looks up whether OpenAI can do this: older assistants
    Then it is told that OpenAI could, until 2026-08-26
    And whoever tries it is told that it was retired on 2026-08-26, and to use assistants

  @MP-05
  Scenario Outline: <provider>'s model that makes vectors does not chat
    When the team looks up whether <provider>'s model for vectors can chat
    Then it is told that <provider> cannot with this model
    And whoever tries it is refused as unsupported by <provider>, and nothing is sent

    Examples: providers that make vectors
      | provider |
      | OpenAI   |
      | Gemini   |

  @MP-05
  Scenario Outline: <provider>'s model that chats makes no vectors
    When the team looks up whether <provider>'s model for chat can make vectors
    Then it is told that <provider> cannot with this model
    And whoever tries it is refused as unsupported by <provider>, and nothing is sent

    Examples: providers that make vectors
      | provider |
      | OpenAI   |
      | Gemini   |

  @MP-05 @provider:OpenAI
  Scenario: OpenAI's models that can be trained are told by name
    When the team looks up which models of OpenAI can be trained
    Then the model that is trained here is among them, and none that chats or makes vectors here
