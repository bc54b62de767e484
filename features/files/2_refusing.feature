@files
Feature: Refusing what cannot be stored
  A team that asks for something impossible learns it at once, in words that name what is wrong,
  and is never left to believe that a file was stored when it was not.

  @FM-05
  Scenario Outline: A file that does not exist is never sent to <provider>
    When the team tries to store a file that does not exist with <provider>
    Then the file is reported missing, naming its path
    And nothing was sent

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-05 @provider:OpenAI
  Scenario: An unknown purpose is refused with the list of the known ones
    When the team tries to store "notes-1k.txt" with OpenAI for invalid-purpose
    Then the request is refused as invalid, naming the purpose
    And the refusal lists the purposes "assistants, batch, fine-tune, vision, user_data, evals"
    And nothing was sent

  @FM-05 @provider:OpenAI
  Scenario: OpenAI itself refuses an unknown purpose, and is asked only once
    When the team leaves the check to OpenAI and tries to store "notes-1k.txt" for invalid-purpose
    Then OpenAI refuses the request as invalid, naming the purpose, in its own words
    And the request was sent once

  @FM-05
  Scenario Outline: <provider> itself refuses to keep a file for a minute only, and is asked only once
    When the team leaves the check to <provider> and tries to store "notes-1k.txt" to be kept for 1 minute
    Then <provider> refuses the request as invalid, in its own words
    And the request was sent once

    Examples: providers where a team chooses how long a file is kept, an hour at the least
      | provider  |
      | OpenAI    |
      | Anthropic |

  @FM-05
  Scenario Outline: <provider> knows no purposes, and one is not dropped in silence
    When the team tries to store "notes-1k.txt" with <provider> for user_data
    Then the request is refused as unsupported by <provider>
    And nothing was sent

    Examples: providers without purposes
      | provider  |
      | Anthropic |
      | Gemini    |

  @FM-05
  Scenario Outline: An unknown file and a wrong key are two different refusals at <provider>
    When the team asks <provider> for a file that was never stored
    Then the request is refused because <provider> has no such file
    When the team asks <provider> for the same file with a wrong key
    Then the request is refused because <provider> does not accept the key
    And the request was sent once

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |
