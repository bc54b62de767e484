@multi_provider
Feature: What the same answer costs at each provider
  Every answer is paid by the tokens that the provider itself tells, at the prices of its model. The prices in these tables are
  dollars for a million tokens, as the providers published them; when the
  prices that the team works with change, the line turns red.

  @MP-04 @simulator_only
  Scenario Outline: 1,000 tokens in and 500 out cost <cost> dollars at <provider>
    No provider answers with tokens of the team's choosing.

    Given <provider> answers once with 1000 tokens in and 500 out
    When the team asks <provider> for a note
    Then 1000 tokens at <in> dollars and 500 at <out> dollars for a million cost <cost> dollars
    And that is what the record, the ledger and the run's report say

    Examples: three providers
      | provider  | in   | out  | cost    |
      | OpenAI    | 0.10 | 0.50 | 0.00035 |
      | Anthropic | 0.10 | 0.50 | 0.00035 |
      | Gemini    | 0.30 | 2.50 | 0.00155 |

  @MP-04 @simulator_only
  Scenario Outline: What <provider> reads from its cache and what it thinks have prices of their own
    Thoughts are paid as what comes out, at all three. No provider answers with tokens of the team's choosing.

    Given <provider> answers once with 1000 tokens in, 300 of them cached, and 500 out, 200 of them thoughts
    When the team asks <provider> for a note
    Then 700 tokens at <in> dollars, 300 at <cached> dollars and 500 at <out> dollars for a million cost <cost> dollars
    And that is what the record, the ledger and the run's report say

    Examples: three providers
      | provider  | in   | cached | out  | cost     |
      | OpenAI    | 0.10 | 0.01   | 0.50 | 0.000323 |
      | Anthropic | 0.10 | 0.01   | 0.50 | 0.000323 |
      | Gemini    | 0.30 | 0.03   | 2.50 | 0.001469 |

  @MP-04 @simulator_only
  Scenario Outline: In a batch, <provider>'s tokens cost half
    Nobody waits a day for a live batch.

    Given 1 question for <provider>
    When the team hands them over as a batch, and waits
    Then the batch has cost its tokens at <in> dollars in and <out> dollars out for a million

    Examples: three providers
      | provider  | in   | out  |
      | OpenAI    | 0.05 | 0.25 |
      | Anthropic | 0.05 | 0.25 |
      | Gemini    | 0.15 | 1.25 |

  @MP-04 @simulator_only @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: Asked side by side, the cheapest comes first
    No provider answers with tokens of the team's choosing.

    Given Gemini answers once with 1000 tokens in and 500 out
    And OpenAI answers once with 1000 tokens in and 500 out
    And Anthropic answers once with 1000 tokens in and 300 out
    When the team asks Gemini, OpenAI and Anthropic side by side
    Then from the cheapest to the dearest they are Anthropic, OpenAI and Gemini, at 0.00025, 0.00035 and 0.00155 dollars
    And the comparison's total is 0.00215 dollars, which is what the ledger has charged

  @MP-04 @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: The total of the run is the sum of its providers, and of its scenarios
    When the team asks OpenAI, Anthropic and Gemini side by side for the capital of France
    Then the report's total of the run is the sum of its providers, and the sum of its scenarios
    And what it has of this scenario is the sum of its calls

  @MP-04 @simulator_only
  Scenario Outline: A model of <provider> without a known price is reported as unpriced, and never as free
    Live, such a model is not asked at all unless the user allows it by name.

    When the team asks a model of <provider> whose price nobody knows
    Then its answer has no cost, and is told as unpriced
    And whoever asks what 1000 tokens in and 500 out would cost there is refused because no price is known

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @MP-04
  Scenario Outline: What an answer of <provider> would cost is known beforehand
    When the team asks what 1000 tokens in and 500 out would cost at <provider>
    Then it is told <cost> dollars, and nothing was sent

    Examples: three providers
      | provider  | cost    |
      | OpenAI    | 0.00035 |
      | Anthropic | 0.00035 |
      | Gemini    | 0.00155 |
