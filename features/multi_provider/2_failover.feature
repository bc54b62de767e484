@multi_provider
Feature: Going on with another provider
  A product that must answer asks a second provider where the first one fails. Who answered, what was tried before, and
  what it cost are in the record; a question that is wrong is wrong everywhere, and is not passed on.

  A provider that breaks down, or does not answer in time, may have made an answer that nobody reads, and may charge for it:
  the most that it can cost stays set aside. What is known to have been answered is all that is charged.

  @MP-03 @simulator_only
  Scenario Outline: When <provider> <fails>, <next_provider> answers, and the record says so
    No provider fails on demand.

    Given the team asks <provider> first, and <next_provider> after it
    And <provider> <fails>
    When the team asks them for the capital of France
    Then <next_provider> has answered that it is Paris
    And the record tells that <provider> was asked <times>, each time <outcome>, and <next_provider> once
    And the ledger has charged the answer alone
    And for <provider>, <what> stays set aside

    Examples: what passes to the next provider
      | provider  | next_provider | fails                   | times | outcome        | what                               |
      | OpenAI    | Anthropic     | breaks down             | twice | a server error | the most that two answers can cost |
      | Anthropic | Gemini        | breaks down             | twice | a server error | the most that two answers can cost |
      | Gemini    | OpenAI        | breaks down             | twice | a server error | the most that two answers can cost |
      | OpenAI    | Anthropic     | is too busy             | twice | a rate limit   | nothing                            |
      | Anthropic | Gemini        | is too busy             | twice | a rate limit   | nothing                            |
      | Gemini    | OpenAI        | is too busy             | twice | a rate limit   | nothing                            |
      | OpenAI    | Anthropic     | does not answer in time | twice | a timeout      | the most that two answers can cost |
      | Anthropic | Gemini        | does not answer in time | twice | a timeout      | the most that two answers can cost |
      | Gemini    | OpenAI        | does not answer in time | twice | a timeout      | the most that two answers can cost |

  @MP-03
  Scenario Outline: When <provider> cannot be reached at all, <next_provider> answers, and the record says so
    Given the team asks <provider> first, where nobody listens, and <next_provider> after it
    When the team asks them for the capital of France
    Then <next_provider> has answered that it is Paris
    And the record tells that <provider> was asked twice, each time a server error, and <next_provider> once
    And the ledger has charged the answer alone

    Examples: who cannot be reached
      | provider  | next_provider |
      | OpenAI    | Anthropic     |
      | Anthropic | Gemini        |
      | Gemini    | OpenAI        |

  @MP-03
  Scenario Outline: When <provider> refuses the question, <next_provider> is not asked
    Given the team asks <provider> first, and <next_provider> after it
    When the team tries to ask them for an answer of -1 tokens
    Then <provider> refuses the request as invalid, in its own words
    And <provider> was asked once, and <next_provider> was not asked
    And the ledger has charged nothing

    Examples: whose word stands
      | provider  | next_provider |
      | OpenAI    | Anthropic     |
      | Anthropic | Gemini        |
      | Gemini    | OpenAI        |

  @MP-03
  Scenario Outline: When <provider> does not accept the key, <next_provider> is not asked
    Given the team asks <provider> first, with a key that is not valid, and <next_provider> after it
    When the team tries to ask them for the capital of France
    Then the request is refused because <provider> does not accept the key
    And <provider> was asked once, and <next_provider> was not asked
    And the ledger has charged nothing

    Examples: whose key it is
      | provider  | next_provider |
      | OpenAI    | Anthropic     |
      | Anthropic | Gemini        |
      | Gemini    | OpenAI        |

  @MP-03 @simulator_only
  Scenario Outline: <provider>, which failed five times in a row, is left alone
    No provider fails on demand.

    Given the team asks <provider> first, and <next_provider> after it
    And <provider> breaks down
    When the team asks them for the capital of France, 3 times
    Then <provider> was asked 5 times, and <next_provider> 3 times
    When the team asks them for the capital of France
    Then <provider> was not asked, and the record says that it is left alone

    Examples: who failed
      | provider  | next_provider |
      | OpenAI    | Anthropic     |
      | Anthropic | Gemini        |
      | Gemini    | OpenAI        |

  @MP-03 @simulator_only
  Scenario Outline: <provider>, which failed five times in a row, is asked first again after 30 seconds
    No provider fails on demand.

    Given the team asks <provider> first, and <next_provider> after it
    And <provider> breaks down for the next 5 questions
    When the team asks them for the capital of France, 3 times
    And 30 seconds pass
    And the team asks them for the capital of France, 2 times
    Then <provider> was asked 2 times, and <next_provider> was not asked
    And <provider> has answered that it is Paris

    Examples: who works again
      | provider  | next_provider |
      | OpenAI    | Anthropic     |
      | Anthropic | Gemini        |
      | Gemini    | OpenAI        |

  @MP-03 @simulator_only
  Scenario Outline: <provider>, which fails when it is tried after 30 seconds, is left alone for another 30
    No provider fails on demand.

    Given the team asks <provider> first, and <next_provider> after it
    And <provider> breaks down for the next 6 questions
    When the team asks them for the capital of France, 3 times
    And the team asks them for the capital of France, 30 seconds later
    Then <provider> was asked once, and <next_provider> once
    When the team asks them for the capital of France, 29 seconds later
    Then <provider> was not asked, and the record says that it is left alone

    Examples: who fails again
      | provider  | next_provider |
      | OpenAI    | Anthropic     |
      | Anthropic | Gemini        |
      | Gemini    | OpenAI        |

  @MP-03 @simulator_only
  Scenario Outline: <provider>, which failed when it was tried, is tried once more after another 30 seconds
    No provider fails on demand.

    Given the team asks <provider> first, and <next_provider> after it
    And <provider> breaks down for the next 6 questions
    When the team asks them for the capital of France, 3 times
    And the team asks them for the capital of France, 30 seconds later
    And the team asks them for the capital of France, 30 seconds later
    Then <provider> was asked once, and <next_provider> was not asked
    And <provider> has answered that it is Paris

    Examples: who works in the end
      | provider  | next_provider |
      | OpenAI    | Anthropic     |
      | Anthropic | Gemini        |
      | Gemini    | OpenAI        |

  @MP-03 @simulator_only @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: When all providers fail, the team is told of each and why
    No provider fails on demand.

    Given the team asks OpenAI first, then Anthropic, then Gemini
    And OpenAI breaks down
    And Anthropic is too busy
    And Gemini does not answer in time
    When the team tries to ask them for the capital of France
    Then the request is refused because all failed: OpenAI with a server error, Anthropic with a rate limit, Gemini with a timeout
    And the ledger has charged nothing

  @MP-03 @provider:OpenAI
  Scenario Outline: A list of providers with <fault> is refused
    When the team tries to ask a list with <fault>
    Then the request is refused as invalid, naming the routes
    And nothing was sent

    Examples: what is no list to go through
      | fault              |
      | nobody in it       |
      | OpenAI in it twice |

  @MP-03 @provider:OpenAI
  Scenario: A list with a model that makes vectors and does not chat is refused
    When the team tries to ask a list with a model of OpenAI that makes vectors
    Then the request is refused as unsupported by OpenAI
    And nothing was sent
