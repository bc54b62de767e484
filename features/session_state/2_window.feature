@session_state
Feature: Conversations that outgrow the window
  A model reads only so much at once. A session counts with the provider's own counter, sends the newest part of the
  conversation that fits, and keeps all of it; or, where the team wants that, it sends nothing rather than a part.

  @SS-02
  Scenario Outline: A long conversation with <provider> goes on with its newest part
    A question begins with what the team said, so a turn is sent whole or left out whole.

    Given a session with <provider> in a window of 1,000 tokens, 100 of them for the answer
    When the team says 10 long things in the session
    And the team says "What did I say last?" in the session
    Then no question has more than 900 tokens as <provider> counts them, system prompt and all
    And each question goes out with the system prompt, and ends with what was said last
    And what it lacks is the oldest turns, and no more of them than had to be
    And the session keeps all 21 messages, and the answer to the last of them

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-02
  Scenario Outline: <provider> knows what still fits, and no longer what was left out
    Given a session with <provider> in a window of 1,000 tokens, 100 of them for the answer
    When the team says "My name is Alice." in the session
    And the team says 9 long things in the session
    And the team says "My town is Lisbon." in the session
    And the team says "What is my name, and what is my town?" in the session
    Then the answer contains "Lisbon"
    And the answer does not contain "Alice"

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-02
  Scenario Outline: A function's call and its result go to <provider> together, or not at all
    Given a session with <provider> in a window of 1,000 tokens, 100 of them for the answer
    When the team asks at length for the weather, and tells what the function gave
    And the team says 10 long things in the session
    Then the call and its result go along for as long as both fit, and at last neither does

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-02
  Scenario Outline: A conversation with <provider> of which nothing may be left out ends where the window does
    Given a session with <provider> in a window of 1,000 tokens, 100 of them for the answer
    And the team has said 10 long things in the session
    When from now on the team wants nothing left out
    And the team tries to say "What did I say last?" in the session
    Then it is refused because the window has no room, and no question goes out
    And the session keeps all 20 messages, and nothing of the last try

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-02
  Scenario Outline: What alone is longer than the window never goes to <provider>, in a session that <strategy>
    Given a session with <provider> in a window of 1,000 tokens, which <strategy>
    When the team tries to say in the session what is longer than the window
    Then it is refused because the window has no room, and no question goes out
    And nothing of it is in the session

    Examples: both ways, at three providers
      | provider  | strategy                  |
      | OpenAI    | leaves out what is oldest |
      | OpenAI    | leaves nothing out        |
      | Anthropic | leaves out what is oldest |
      | Anthropic | leaves nothing out        |
      | Gemini    | leaves out what is oldest |
      | Gemini    | leaves nothing out        |
