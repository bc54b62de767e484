@session_state
Feature: What a session has taken
  A session keeps a row for each turn that was answered: how many tokens it took, and what they cost.
  Its sums are the sums of its rows, and nobody else's books say otherwise.

  @SS-04 @simulator_only
  Scenario Outline: Three turns with <provider> add up to the last token
    No provider answers with tokens of our choosing.

    Given a session with <provider>
    And <provider> will answer three times, and tell these tokens
      | input | of them cached | output |
      | 10    | 0              | 5      |
      | 20    | 0              | 8      |
      | 30    | 16             | 12     |
    When the team has 3 sums done in the session
    Then the session has taken 60 tokens of input and 25 of output, 85 together
    And each turn has a row that tells provider, model, tokens, cached tokens and cost
    And the session costs what its rows cost together
    And the ledger and the run's report tell the same tokens and the same cost

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-04
  Scenario Outline: What <provider> tells of each turn is what the session, the ledger and the report count
    Given a session with <provider>
    When the team has 3 sums done in the session
    Then the session's 3 rows have the tokens that <provider> told, turn by turn
    And the session costs what its rows cost together
    And the ledger and the run's report tell the same tokens and the same cost

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-04
  Scenario Outline: A turn with <provider> that comes piece by piece is counted once
    Given a session with <provider>
    When the team says "Count from 1 to 30." in the session, and hears the answer piece by piece
    And the team says "Say one." in the session
    Then the session's 2 rows have the tokens that <provider> told, turn by turn
    And the ledger and the run's report tell the same tokens and the same cost

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-04 @simulator_only
  Scenario Outline: A turn that <provider> answers at the second attempt is counted once
    No provider is overloaded on demand.

    Given a session with <provider>
    When the team says "Say one." in the session
    And the team says "Say two." in the session, and <provider> is too busy at the first attempt
    Then the last turn took 2 requests
    And the session's 2 rows have the tokens that <provider> told, turn by turn
    And the ledger and the run's report tell the same tokens and the same cost

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-04 @simulator_only
  Scenario Outline: A turn that <provider> <ends> adds nothing
    No provider fails on demand.

    Given a session with <provider>
    When the team says "Say one." in the session
    And the team tries to say "Say two." in the session, which <provider> <ends>
    Then the turn has failed as <kind>
    And the session is what it was before, down to the last row
    And the ledger has charged nothing for it
    And the next question goes without the one that failed

    Examples: refused, and lost
      | provider  | ends    | kind         |
      | OpenAI    | refuses | invalid      |
      | Anthropic | refuses | invalid      |
      | Gemini    | refuses | invalid      |
      | OpenAI    | loses   | server error |
      | Anthropic | loses   | server error |
      | Gemini    | loses   | server error |
