@files
Feature: Using files
  A team refers to a stored file in a question, and the model answers from what the file says.

  @FM-08
  Scenario Outline: <provider> answers from a stored file, from storing to deleting
    Given the team has stored "passphrase.pdf" with <provider>
    When the team asks <provider> "What is the passphrase?" about the file
    Then the answer contains "cobalt-heron-41"
    And only the file's id went along, not its content
    When the team deletes the file
    Then the file is missing from the list of stored files

    Examples: providers that read stored files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-08
  Scenario Outline: Without the file, <provider> does not know the answer
    Given the team has stored "passphrase.pdf" with <provider>
    When the team asks <provider> "What is the passphrase?" without the file
    Then the answer does not contain "cobalt-heron-41"
    When the team asks <provider> "What is the passphrase?" about the file
    Then the second question took more input tokens than the first

    Examples: providers that read stored files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-08
  Scenario Outline: A deleted file cannot be used any more at <provider>
    Given the team has stored "passphrase.pdf" with <provider>
    And the team has deleted "passphrase.pdf"
    When the team tries to ask <provider> "What is the passphrase?" about the file
    Then the question is refused, naming the file, and there is no answer

    Examples: providers that read stored files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-08
  Scenario Outline: A file of <another provider> cannot be used at <provider>
    Given the team has stored "passphrase.pdf" with <another provider>
    When the team tries to ask <provider> "What is the passphrase?" about the file
    Then the question is refused as <refusal>, and there is no answer
    And the question was sent once

    Examples: each provider with an id of another; OpenAI judges the form of the id first
      | provider  | another provider | refusal          |
      | OpenAI    | Anthropic        | invalid          |
      | Anthropic | Gemini           | an unknown file  |
      | Gemini    | OpenAI           | an unknown file  |
