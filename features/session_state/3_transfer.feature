@session_state
Feature: Going on with another provider
  A conversation that began with one provider goes on with another one.
  All that was said goes along, in the new provider's own form; the first session stays as it was.

  @SS-03
  Scenario Outline: What <provider> was told is still known after two moves, by way of <second provider> to <third provider>
    Given a session with <provider>
    When the team says "My favourite colour is blue. My lucky number is 42." in the session
    And the session moves to <second provider>, where the team says "What is 2 + 2?"
    And the session moves to <third provider>, where the team says "What is my favourite colour, and what is my lucky number?"
    Then the answer contains "blue"
    And the answer contains "42"
    And <third provider> was sent all that was said, each message in its role

    Examples: three providers
      | provider  | second provider | third provider |
      | OpenAI    | Anthropic       | Gemini         |
      | Anthropic | Gemini          | OpenAI         |
      | Gemini    | OpenAI          | Anthropic      |

  @SS-03
  Scenario Outline: System prompt and function calls go along from <provider> to <other provider>
    Given a session with <provider>, whose system prompt is "You are a helpful clerk."
    When the team asks for the weather in "New York" in the session, and tells what its function gave
    And the session moves to <other provider>, where the team says "What is 2 + 2?"
    Then <other provider> was sent all that was said, each message in its role
    And the system prompt was "You are a helpful clerk."
    And among the messages were the call of the function for "New York" and what it gave

    Examples: three providers
      | provider  | other provider |
      | OpenAI    | Anthropic      |
      | Anthropic | Gemini         |
      | Gemini    | OpenAI         |

  @SS-03
  Scenario Outline: What <provider>, <second provider> and <third provider> took is kept apart, and adds up
    Given a session with <provider>
    When the team says "Say one." in the session
    And the session moves to <second provider>, where the team says "Count from 1 to 20."
    And the session moves to <third provider>, where the team says "Say three."
    Then each of the three is down for the tokens that it told, and their price
    And the three together are what the session has taken
    And the ledger and the run's report tell the same tokens and the same cost

    Examples: three providers
      | provider  | second provider | third provider |
      | OpenAI    | Anthropic       | Gemini         |
      | Anthropic | Gemini          | OpenAI         |
      | Gemini    | OpenAI          | Anthropic      |

  @SS-03
  Scenario Outline: The session with <provider> stays as it was when another goes on with <other provider>
    Given a session with <provider>
    When the team asks for the weather in "New York" in the session, and tells what its function gave
    And the session moves to <other provider>, where the team says "What is 2 + 2?"
    And the team changes the place to "Oslo" in the new session's call
    Then the first session is what it was before the move, down to the last row
    And the first session goes on with <provider>, without what was said to <other provider>

    Examples: three providers
      | provider  | other provider |
      | OpenAI    | Anthropic      |
      | Anthropic | Gemini         |
      | Gemini    | OpenAI         |

  @SS-03
  Scenario Outline: A session with a file that <provider> stores cannot move to <other provider>
    Given the team has stored "passphrase.pdf" with <provider>
    And a session with <provider>
    When the team says "What is the passphrase?" about the file in the session
    And the team tries to move the session to <other provider>
    Then the move is refused as unsupported by <other provider>, naming the file
    And nothing was sent
    And the session is what it was before, down to the last row

    Examples: three providers
      | provider  | other provider |
      | OpenAI    | Anthropic      |
      | Anthropic | Gemini         |
      | Gemini    | OpenAI         |

  @SS-03
  Scenario Outline: A session in which <provider> waits for a function's result cannot move to <other provider>
    Given a session with <provider>
    When the team asks for the weather in "New York" in the session, and tells nothing yet
    And the team tries to move the session to <other provider>
    Then the move is refused as a conflict, naming the call that waits
    And nothing was sent
    And the session is what it was before, down to the last row

    Examples: three providers
      | provider  | other provider |
      | OpenAI    | Anthropic      |
      | Anthropic | Gemini         |
      | Gemini    | OpenAI         |
