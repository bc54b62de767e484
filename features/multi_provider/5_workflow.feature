@multi_provider
Feature: Work over several providers
  A piece of work goes from provider to provider: OpenAI names a topic, Gemini makes a vector of it, Anthropic and Gemini each
  write a sentence about it, and Gemini's vectors tell whose sentence is nearer to the topic. Each step works on what came
  before it and on nothing else; the trace tells who did what, for how much, and where it ended.

  @MP-06 @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: Each step works on what the step before it gave
    Given work over OpenAI, Gemini and Anthropic that begins with a topic
    When the team has it done
    Then the topic that OpenAI gave went to Gemini for its vector, and to Anthropic and Gemini for a sentence
    And both sentences contain the topic
    And what Gemini ranked are the two sentences, the nearer to the topic first

  @MP-06 @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: The trace tells of all five steps, and together they cost what was charged
    Given work over OpenAI, Gemini and Anthropic that begins with a topic
    When the team has it done
    Then the trace tells of these steps, one after the other
      | provider  | model for |
      | OpenAI    | chat      |
      | Gemini    | vectors   |
      | Anthropic | chat      |
      | Gemini    | chat      |
      | Gemini    | vectors   |
    And each step has the tokens and the cost that the ledger has of it
    And the work has cost what the ledger has charged

  @MP-06 @simulator_only @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: Work whose first step fails ends there, and nobody else is asked
    No provider fails on demand.

    Given work over OpenAI, Gemini and Anthropic that begins with a topic
    And OpenAI breaks down
    When the team has it done
    Then it failed at its first step with a server error, and there is no topic
    And nothing was sent to Gemini or Anthropic

  @MP-06 @simulator_only @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario Outline: When <writer>, one of the two writers, fails, the work goes on with the other and says whose sentence is missing
    No provider fails on demand.

    Given work over OpenAI, Gemini and Anthropic that begins with a topic
    And <writer> breaks down
    When the team has it done
    Then it is done in part, and lacks the sentence by <writer> alone
    And the ranking has one sentence, by <other>
    And the trace tells of 5 steps, and that of <writer>'s sentence failed
    And the work has cost what the ledger has charged

    Examples: the two writers
      | writer    | other     |
      | Anthropic | Gemini    |
      | Gemini    | Anthropic |

  @MP-06 @simulator_only @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: When both writers fail, the work fails, and nothing is ranked
    No provider fails on demand.

    Given work over OpenAI, Gemini and Anthropic that begins with a topic
    And Anthropic breaks down
    And Gemini breaks down
    When the team has it done
    Then it failed at its fourth step with a server error
    And the trace tells of 4 steps, and nothing was ranked
