@knowledge_base
Feature: Texts as vectors
  A text becomes a list of numbers: texts that mean alike are near to each other. OpenAI and Gemini make them,
  Anthropic does not.

  @KB-04
  Scenario Outline: A text becomes <size> numbers at <provider>, of length 1
    When the team embeds "The tide comes in twice a day." with <provider> <how>
    Then there is one vector of <size> numbers, and its length is 1

    Examples: in full, and shortened
      | provider | how             | size |
      | OpenAI   | in full         | 1536 |
      | OpenAI   | in 256 numbers  | 256  |
      | Gemini   | in full         | 3072 |
      | Gemini   | in 768 numbers  | 768  |

  @KB-04
  Scenario Outline: Three texts become three vectors at <provider>, in their order
    When the team embeds three texts together with <provider>, and each by itself
    Then each vector of the three is the one of its own text

    Examples: providers that embed
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-04
  Scenario Outline: Vectors cost what their tokens cost at <provider>
    When the team embeds "The tide comes in twice a day." with <provider> in full
    Then <provider> tells <tokens>
    And the ledger has charged the tokens at the price of the model

    Examples: OpenAI tells how many tokens it read, Gemini does not
      | provider | tokens             |
      | OpenAI   | how many it read   |
      | Gemini   | no figures         |

  @KB-04 @provider:Anthropic
  Scenario: Anthropic embeds nothing, and is not asked
    When the team tries to embed "The tide comes in twice a day." with Anthropic
    Then the request is refused as unsupported by Anthropic
    And nothing was sent

  @KB-04
  Scenario Outline: <what> cannot be embedded with <provider>
    When the team tries to embed <what> with <provider>
    Then the request is refused as invalid, naming the input
    And nothing was sent

    Examples: nothing, and too much for one request
      | provider | what           |
      | OpenAI   | an empty text  |
      | OpenAI   | 2049 texts     |
      | Gemini   | an empty text  |
      | Gemini   | 101 texts      |

  @KB-12
  Scenario Outline: Texts that mean alike are nearer than others at <provider>
    When the team embeds a text, one like it and one unlike it with <provider>
    Then the one like it is nearer by 0.05 or more
    And each is nearest to itself, however long its vector, and as near to the other as the other to it

    Examples: providers that embed
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-12
  Scenario Outline: The two nearest of three texts come in order at <provider>
    When the team embeds a text, one like it and one unlike it with <provider>
    And the team looks for the 2 nearest to the first text
    Then they are the text itself and the one like it, in this order
    And with 0.99 at the least it is the text itself alone

    Examples: providers that embed
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-12
  Scenario Outline: Vectors of different <what> are not compared at <provider>
    When the team tries to compare vectors of different <what>, made by <provider>
    Then the request is refused as invalid, naming the <field>
    And nothing was sent

    Examples: what would mean nothing
      | provider | what    | field   |
      | OpenAI   | lengths | vectors |
      | OpenAI   | models  | model   |
      | Gemini   | lengths | vectors |
      | Gemini   | models  | model   |
