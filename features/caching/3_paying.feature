@caching
Feature: What a cache costs and saves
  A cache is there to make the bill smaller. Each provider counts cached tokens in its own way: beside the others or
  among them, with a price for writing or without. The team's ledger counts each token once, at its own price.

  @CC-08
  Scenario Outline: A question to <provider> has the same number of tokens, cached or not
    Given the team has asked <provider> about the manual without a cache
    And the team has asked <provider> the same with the manual in the cache, twice
    Then the question had the same number of tokens each time
    And the second time, what the cache had was read from it

    Examples: three ways to count
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @CC-08
  Scenario Outline: At <provider> a token written to the cache costs <written> times an input token, and one read from it <read> times
    Given the team has asked <provider> about the manual without a cache
    And the team has asked <provider> the same with the manual in the cache, twice
    Then the ledger has charged <written> times the input price for what was written and <read> times for what was read
    And the input of the last question cost less than that of the first

    Examples: the prices of the models that the suite uses
      | provider  | written | read |
      | OpenAI    | 1.25    | 0.1  |
      | Anthropic | 1.25    | 0.1  |
      | Gemini    | 1       | 0.1  |

  @CC-08 @provider:Anthropic
  Scenario: What Anthropic keeps for an hour costs 2 times an input token to write
    When the team asks Anthropic about the manual, to be kept in the cache for 1 hour
    Then the manual is written to the cache for 1 hour, and nothing is written for 5 minutes
    When the team asks the same question again
    Then all that was written is read from the cache, and nothing is written again
    And the ledger has charged 2 times the input price for what was written and 0.1 times for what was read

  @CC-09
  Scenario Outline: Questions to <provider> with and without a cache are compared
    Live the comparison makes 3 calls of each kind, here 20; no provider promises a time.

    When the team compares questions to <provider> with and without a cache
    Then the comparison tells calls, times, tokens and cost of both
    And its median and its 95th percentile are times that so many of the calls kept
    And the saving is what the cached calls cost less, storage taken off
    And the cache pays from the first number of calls on that saves money
    And the ledger has charged what the comparison says
    And the comparison is written down among the reports of the run, as it was made

    Examples: three ways to cache
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @CC-09 @simulator_only
  Scenario Outline: <provider> answers sooner from the cache, by the time that reading the manual takes
    No provider promises a time: the simulator is told one.

    Given the simulator takes 200 milliseconds to read 1,000 tokens, and none for those in a cache
    When the team compares questions to <provider> with and without a cache
    Then the median with the cache is shorter by the time for its cached tokens, within 20 percent

    Examples: three ways to cache
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @CC-09 @simulator_only
  Scenario Outline: A comparison whose questions <provider> does not answer says so, and gives no figures
    A provider does not fail when it is asked to.

    Given <provider> answers no question from now on
    When the team compares questions to <provider> with and without a cache
    Then the comparison names each call that failed, and gives no figures

    Examples: three ways to cache
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |
