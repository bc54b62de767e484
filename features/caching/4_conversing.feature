@caching
Feature: Conversations over a cached document
  A team talks with a model about a manual, turn after turn. The manual is paid for in full once, and nothing that was
  said is forgotten.

  @CC-12
  Scenario Outline: A conversation over the manual at <provider> reads it from the cache and forgets nothing
    Given a conversation at <provider> over the manual, which is kept in the cache
    When the team says "My name is Ada."
    And the team says "When does the warranty of the press end?"
    And the team says "What is my name, and what is the service code of the press?"
    Then the answer contains "Ada"
    And the answer contains "amber-falcon-17"
    And no turn but the first pays in full for the manual

    Examples: three ways to cache
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @CC-12 @provider:Gemini
  Scenario: Every turn at Gemini reads the whole cache, and sends nothing of the manual again
    Given a conversation at Gemini over the manual, which is kept in the cache
    When the team says "My name is Ada."
    And the team says "When does the warranty of the press end?"
    Then every turn has read the whole cache
    And nothing of the manual was sent with the questions

  @CC-12 @provider:Anthropic
  Scenario: Each turn at Anthropic reads all that the turn before it left in the cache, and leaves more
    Given a conversation at Anthropic over the manual, which is kept in the cache
    When the team says "My name is Ada."
    And the team says "When does the warranty of the press end?"
    And the team says "What is the service code of the press?"
    Then each turn has read what the turn before it read and wrote, and written what was new

  @CC-12
  Scenario Outline: With another beginning, <provider> finds no more than the manual in the cache
    Given a conversation at <provider> over the manual, which is kept in the cache
    When the team says "My name is Ada."
    And the team says "When does the warranty of the press end?"
    And the team changes its first words to "My name is Eve." and asks again
    Then something is read from the cache, and no more than the manual

    Examples: three ways to cache
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @CC-12 @provider:Anthropic
  Scenario: What Anthropic kept of a conversation is not read under another beginning
    Given a conversation at Anthropic over the manual, which is kept in the cache
    When the team says "My name is Ada."
    And the team says "When does the warranty of the press end?"
    And the team changes its first words to "My name is Eve." and asks again
    Then less is read than in the turn before
