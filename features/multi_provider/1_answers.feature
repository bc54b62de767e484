@multi_provider
Feature: The same question, answered in one shape
  A product that compares providers, or goes from one to another, needs their answers in one shape: who answered, with which
  model, why the answer ended, the tokens, the cost, and the provider's own id.

  @MP-01
  Scenario Outline: <provider> knows the capital of France, and its answer has the shape that all share
    When the team asks <provider> for the capital of France, in one word
    Then the answer is Paris, in any spelling
    And the record tells <provider>, its model, that the answer came to its end, and <provider>'s own id
    And the record tells the tokens that <provider> told, and what they cost
    And the record keeps what <provider> answered, with nothing changed

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @MP-01 @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: Asked side by side, all three know the capital of France
    When the team asks OpenAI, Anthropic and Gemini side by side for the capital of France
    Then each of the 3 has answered Paris
    And the comparison is shown as a table, with a line for each of the 3

  @MP-01
  Scenario Outline: A rule that is given beside the question reaches <provider> as a rule, and not as part of the question
    When the team asks <provider> something, with the rule to answer "ORCHID"
    Then the answer is exactly "ORCHID"
    And the rule went to <provider> as its <place>, and the question as the only message

    Examples: where each provider wants it
      | provider  | place              |
      | OpenAI    | system message     |
      | Anthropic | system field       |
      | Gemini    | system instruction |

  @MP-01
  Scenario Outline: <provider> is told who said what, in its own words
    Given the team has told <provider> that its town is Lisbon, and was answered
    When the team asks <provider> what its town is
    Then the answer contains "Lisbon"
    And the messages went to <provider> as those of <user>, <model> and <user>

    Examples: what each provider calls the two
      | provider  | user | model     |
      | OpenAI    | user | assistant |
      | Anthropic | user | assistant |
      | Gemini    | user | model     |

  @MP-01
  Scenario Outline: A long answer of <provider> ends at 5 tokens where no more are allowed, and says so
    When the team asks <provider> to count to 200, in 5 tokens at most
    Then the record tells that the answer was cut at its length
    And <provider> was asked for 5 tokens at most, and told no more

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @MP-01 @provider:OpenAI @provider:Anthropic
  Scenario: A provider for which there is no key is reported as not run, and counts for nothing
    Given the team has no key for Gemini
    When the team asks OpenAI, Anthropic and Gemini side by side for the capital of France
    Then the comparison tells that Gemini was not run because it has no key, and nothing was sent to Gemini
    And it has 2 answers, and ranks 2

  @MP-01
  Scenario Outline: An answer of <provider> in pieces is the same record
    When the team asks <provider> for the capital of France, in pieces
    Then <provider> has sent more than one piece
    And the answer is Paris, in any spelling
    And the record tells <provider>, its model, that the answer came to its end, and <provider>'s own id
    And the record tells the tokens that <provider> told, and what they cost

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @MP-02
  Scenario Outline: Vectors of <provider> have <size> numbers, and put what is related nearer
    When the team has <provider> make vectors of a text, a related one and one that is not
    Then each of the 3 vectors has <size> numbers, and none is empty
    And the text is as near to itself as can be, and nearer to the related one by 0.05 or more

    Examples: providers that make vectors
      | provider | size |
      | OpenAI   | 1536 |
      | Gemini   | 3072 |

  @MP-02 @provider:OpenAI @provider:Gemini
  Scenario: Vectors of OpenAI and of Gemini are not compared with each other
    When the team has OpenAI and Gemini make vectors of the same texts, side by side
    And the team tries to compare the vectors of OpenAI with those of Gemini
    Then the request is refused as invalid, naming the model

  @MP-02 @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: Asked side by side for vectors, OpenAI and Gemini make them, and Anthropic is not asked
    When the team has OpenAI, Anthropic and Gemini make vectors of the same texts, side by side
    Then OpenAI and Gemini have made vectors, and Anthropic has refused as unsupported
    And nothing was sent to Anthropic, and the refusal names it

  @MP-02 @provider:Anthropic
  Scenario: Anthropic makes no vectors, and is not asked for any
    When the team tries to have Anthropic make a vector
    Then the request is refused as unsupported by Anthropic
    And nothing was sent
