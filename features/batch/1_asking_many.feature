@batch
Feature: Many questions, asked by the team itself
  A team has many questions and asks them all: one after the other, or so many at a time. Every question keeps its id,
  and what became of it stands in one record, whoever ran the batch.

  @BP-01
  Scenario Outline: Five questions to <provider> are asked one after the other, and answered in their order
    Given 5 questions for <provider>
    When the team asks them one after the other
    Then never more than 1 was open, and they went out in their order
    And the answers come in that order, each with its own text, tokens and cost
    And together they cost what the ledger has charged

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-01
  Scenario Outline: A question to <provider> that is refused stops none of those after it
    Given 5 questions for <provider>, of which number 3 cannot be answered
    When the team asks them one after the other
    Then all but number 3 are answered, each with its own text
    And number 3 has failed as invalid, and costs nothing

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-01
  Scenario Outline: No questions for <provider> are refused, and so are two under one id
    When the team tries to ask <provider> no questions
    Then the request is refused as invalid, naming the requests
    And nothing was sent
    When the team tries to ask <provider> two questions under one id
    Then the request is refused as invalid, naming the id
    And nothing was sent

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-02 @simulator_only
  Scenario Outline: Eight questions to <provider> are asked four at a time, and never five
    Only a simulator can hold its answers back until four questions are open.

    Given 8 questions for <provider>
    And <provider> holds its answers until 4 questions are open
    When the team asks them 4 at a time
    Then 4 were open at once, and never 5
    And the answers come in that order, each with its own text, tokens and cost

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-02 @simulator_only
  Scenario Outline: Answers of <provider> that come the other way round are put into the order of the questions
    Only a simulator can let the first answer come last.

    Given 4 questions for <provider>
    And <provider> takes longest for the first of 4 questions, and least for the last
    When the team asks them 4 at a time
    Then they were answered in another order than they were asked
    And the answers come in that order, each with its own text, tokens and cost

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-02
  Scenario Outline: Of questions that <provider> is asked together, one that is refused leaves the others as they are
    Given 8 questions for <provider>, of which number 3 cannot be answered
    When the team asks them 4 at a time
    Then all but number 3 are answered, each with its own text
    And number 3 has failed as invalid, and costs nothing

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-07 @simulator_only
  Scenario Outline: Where <provider> is too busy, a question waits as long as it is asked to, and has one answer
    A limit of a real account cannot be reached safely.

    Given 1 question for <provider>
    And <provider> is too busy for the next 2 questions, and asks to wait 3 seconds
    When the team asks them one after the other
    Then 3 requests were sent, and it took 6 seconds or more
    And the answers come in that order, each with its own text, tokens and cost

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-07 @simulator_only @provider:Anthropic
  Scenario: Where Anthropic says that it is overloaded, a question waits as well
    A limit of a real account cannot be reached safely.

    Given 1 question for Anthropic
    And Anthropic is overloaded for the next 2 questions, and asks to wait 3 seconds
    When the team asks them one after the other
    Then 3 requests were sent, and it took 6 seconds or more
    And the answers come in that order, each with its own text, tokens and cost

  @BP-07 @simulator_only
  Scenario Outline: Where <provider> is too busy for good, the question is given up after 4 requests
    A limit of a real account cannot be reached safely.

    Given 1 question for <provider>
    And <provider> is too busy for the next 10 questions, and asks to wait 3 seconds
    When the team asks them one after the other
    Then number 1 has failed as rate limited after 4 requests, with 3 seconds to wait

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-07
  Scenario Outline: A question that <provider> refuses as wrong is sent once
    Given 1 question for <provider>, of which number 1 cannot be answered
    When the team asks them one after the other
    Then 1 request was sent
    And number 1 has failed as invalid, and costs nothing

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-07 @simulator_only
  Scenario Outline: While <provider> asks for patience, its other questions wait, and those of other providers do not
    A limit of a real account cannot be reached safely.

    Given 6 questions for <provider>
    And <provider> is too busy for the next 1 questions, and asks to wait 30 seconds
    When the team asks them 2 at a time, and another provider meanwhile
    Then while <provider> asked for patience, it was sent no more than was on its way, and the other one was
    And the answers come in that order, each with its own text, tokens and cost

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-11 @provider:OpenAI @provider:Anthropic @provider:Gemini
  Scenario: Questions are put into groups that stay within a budget of tokens
    The same for OpenAI, Anthropic and Gemini: nothing is sent.

    Given ten questions of known sizes
    When the team groups them with 1000 tokens a group
    Then no group has more, but for a question that has 1500 by itself, and none could take the next
    And every question is in one group, in its order

  @BP-11
  Scenario Outline: A grouping of the team's own for <provider> is used, and may lose and repeat nothing
    Given 4 questions for <provider>
    When the team asks them in groups of its own, 2 by 2
    Then its own grouping was used, and all are answered
    When the team tries a grouping that <fault>
    Then the request is refused as invalid, naming the grouper

    Examples: three providers
      | provider  | fault                  |
      | OpenAI    | loses a question       |
      | Anthropic | repeats a question     |
      | Gemini    | makes up a question    |

  @BP-11 @provider:OpenAI
  Scenario: Questions for two models become two batches at OpenAI, as a batch there has one model
    Given 4 questions for two models of OpenAI
    When the team hands them over as batches, grouped by model
    Then there are 2 batches at OpenAI, each for one model
    And each question is in one of them

  @BP-12 @simulator_only
  Scenario Outline: Of five questions to <provider> the one that stalls is given up in time, and no other
    No provider stalls on demand.

    Given 5 questions for <provider>
    And <provider> does not answer number 2 for 8 seconds
    When the team asks them one after the other, and waits <patience> milliseconds for each
    Then number 2 has run out of time after <patience> milliseconds, within half a second
    And all but number 2 are answered, each with its own text

    Examples: three providers
      | provider  | patience |
      | OpenAI    | 2000     |
      | Anthropic | 500      |
      | Gemini    | 500      |

  @BP-12 @simulator_only
  Scenario Outline: A time limit for all questions to <provider> keeps what is finished
    No provider stalls on demand.

    Given 5 questions for <provider>
    And <provider> does not answer number 3 for 8 seconds
    When the team asks them one after the other, for 500 milliseconds in all
    Then number 1 and number 2 are answered
    And number 3 has run out of time, and number 4 and 5 were never begun

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-12
  Scenario Outline: A time limit of nothing for <provider> is refused
    Given 5 questions for <provider>
    When the team tries to ask them for 0 seconds in all
    Then the request is refused as invalid, naming the deadline
    And nothing was sent

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-14 @simulator_only
  Scenario Outline: What went wrong with ten questions to <provider> is told once, by its cause
    No provider fails on demand.

    Given 10 questions for <provider>, of which number 2 and 5 cannot be answered
    And <provider> is too busy for number 7, and does not answer number 9 for 8 seconds
    When the team asks them one after the other, and waits 300 milliseconds for each
    Then 2 have failed as invalid, 1 as rate limited and 1 has run out of time
    And 6 of 10 are answered, and each failure tells its id, kind, message and attempts
    And the summary names number 2, 5, 7 and 9, and no other

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-14 @simulator_only
  Scenario Outline: Who wants all answers of <provider> or none gets one error that holds everything
    No provider fails on demand.

    Given 5 questions for <provider>, of which number 2 and 5 cannot be answered
    When the team asks them one after the other
    And the team insists that all be answered
    Then it is told of 2 failures in one error, which has the 3 answers too

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-15 @simulator_only @budget:0.01
  Scenario Outline: A budget that runs out keeps the answers of <provider>, and begins no other question
    How much a question costs is known beforehand on a simulator alone.

    Given 5 questions for <provider>, and money for 2
    When the team asks them one after the other
    Then number 1 and number 2 are answered
    And number 3, 4 and 5 were never begun, and nothing was sent for them

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-15
  Scenario Outline: What <provider> has answered so far can be had while the rest is asked
    Given 5 questions for <provider>
    When the team asks them one after the other, and looks after 3
    Then it had 3 whole answers then, and has 5 at the end

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-15 @provider:OpenAI
  Scenario Outline: An empty text among those for <provider> fails alone
    Given 4 texts for <provider>, of which number 2 is empty
    When the team has them made into vectors, one after the other
    Then number 2 has failed as invalid, and costs nothing
    And the other 3 have vectors

    Examples: providers that make vectors
      | provider |
      | OpenAI   |
      | Gemini   |

  @BP-16 @simulator_only
  Scenario Outline: The team is told of each answer of <provider> once, though it took two attempts
    No provider is too busy on demand.

    Given 5 questions for <provider>, of which number 3 cannot be answered
    And <provider> is too busy for the next 1 questions, and asks to wait 3 seconds
    When the team asks them one after the other, listening
    Then it heard of each answer and of each failure once
    And it heard of ever more done, and of the end once and last

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-16
  Scenario Outline: A listener that breaks loses no answer of <provider>
    Given 5 questions for <provider>
    When the team asks them one after the other, with a listener that breaks at number 2
    Then all are answered, and the broken listener is told of once

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-16
  Scenario Outline: After the team has stopped asking <provider>, it hears nothing more
    Given 5 questions for <provider>
    When the team asks them one after the other, listening, and stops after 2
    Then it heard of 2 answers, of nothing after that, and of no end
    And 2 are answered, and 3 are left

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-17 @simulator_only
  Scenario Outline: With 60 questions a minute to <provider>, the 61st waits for the next minute
    Nobody waits a minute for a test.

    Given 61 questions for <provider>
    When the team asks them 10 at a time, 60 a minute
    Then all are answered, none was refused, and it took a minute

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-17 @simulator_only
  Scenario Outline: The limit of <provider> holds up no other provider
    Nobody waits a minute for a test.

    Given 12 questions for <provider>
    When the team asks them 4 at a time, 6 a minute, and another provider without a limit
    Then the other provider's were answered before the minute was over

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-18 @simulator_only
  Scenario Outline: Four questions at a time to <provider> are faster than one, for the same tokens and money
    How long a provider takes to answer is the simulator's to say.

    Given 12 questions for <provider>
    And <provider> takes 100 milliseconds of real time for each
    When the team compares asking 4 at a time with one after the other
    Then it was at least 2.5 times faster, with the same tokens and the same cost
    And the report's figures are those of the calls

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-18 @simulator_only
  Scenario Outline: A comparison in which <provider> answered nothing gives no figures
    No provider fails on demand.

    Given 4 questions for <provider>
    And <provider> refuses every question from now on
    When the team compares asking 4 at a time with one after the other
    Then the comparison says that it failed, and gives no speed

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |
