@session_state
Feature: How much of conversations is kept
  A conversation that goes on for ever costs more with every question, and a disk that forgets nothing is full one day.
  A session keeps so many messages, a store so many sessions and for so long; what was spent is never forgotten.

  @SS-05
  Scenario Outline: A session with <provider> that keeps 10 messages has the last 10 after 15 turns
    A question begins and ends with what the team said, so of 10 messages 9 are sent.

    Given a session with <provider> that keeps 10 messages
    When the team says 15 things in the session
    Then the session keeps the last 10 of 30 messages and its system prompt, here and on the disk
    And its questions have 1, 3, 5, 7 and from then on 9 messages, with the system prompt beside them

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-05
  Scenario Outline: A session with <provider> that is cleared forgets what was said, and not what it took
    Given a session with <provider>
    And the team has said 3 things in the session
    When the team clears the session
    Then the session has no messages, here and on the disk
    And it still counts the tokens and the cost of all 3 turns, here and on the disk

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-05
  Scenario Outline: The next question to <provider> after a session was cleared goes out alone
    Given a session with <provider>
    When the team says "My name is Alice." in the session
    And the team clears the session
    And the team says "What is my name?" in the session
    Then the question goes out to <provider> alone
    And the answer does not contain "Alice"

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-05 @simulator_only
  Scenario Outline: A session with <provider> that nobody used for a day is removed, and one in use is not
    Nobody waits for a day and an hour on a live provider.

    Given 2 saved sessions with <provider>
    When 24 hours later the team takes up the second again, and says something
    And 1 hour after that the team removes the sessions that nobody has used for 24 hours
    And the team removes once more the sessions that nobody has used for 24 hours
    Then the first is gone from the disk
    And the second is there as it was last saved
    And the first time 1 session was removed, and the second time none

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-05
  Scenario Outline: A store for 3 sessions with <provider> drops the one that was used least recently
    Given 3 saved sessions with <provider>, in a store for 3
    When the team looks into the first again
    And the team saves a fourth one with <provider>
    Then the second is gone from the disk
    And the first, third and fourth are there as they were last saved

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |
