@batch
Feature: Many questions, handed to the provider as a batch
  A batch costs half, and takes up to a day. What the provider does with it can be followed as far as the provider tells;
  each question's answer or failure comes back under the question's own id.

  @BP-03
  Scenario Outline: A batch for <provider> may be as large as is documented, and not a bit larger
    Then a batch of <most> for <provider> is within the limits
    And one of <more> for <provider> is not, and the refusal names <most>

    Examples: what the providers document
      | provider  | most             | more             |
      | OpenAI    | 50000 questions  | 50001 questions  |
      | OpenAI    | 209715200 bytes  | 209715201 bytes  |
      | Anthropic | 100000 questions | 100001 questions |
      | Anthropic | 268435456 bytes  | 268435457 bytes  |
      | Gemini    | 2147483648 bytes | 2147483649 bytes |

  @BP-03 @provider:OpenAI @budget:3
  Scenario: A batch of 50,001 questions is refused before anything is sent
    When the team tries to hand over 50001 short questions to OpenAI
    Then the request is refused as over the limit, naming 50000 and 50001
    And nothing was sent

  @BP-03 @provider:OpenAI @simulator_only @budget:3
  Scenario: OpenAI itself refuses a batch of 50,001 questions
    A live account would have to store the questions first.

    When the team hands over 50001 short questions to OpenAI, unchecked
    And the team waits for the batch
    Then the batch has failed because it has too many questions

  @BP-03
  Scenario Outline: A batch that is too large for <provider> can be split, and every question is in exactly one part
    Gemini sets no limit to the number of questions.

    When the team splits <all> questions into batches that <provider> takes
    Then there are 2 parts, of <most> and 1
    And each of the <all> questions is in exactly one of them

    Examples: providers with a limit
      | provider  | all    | most   |
      | OpenAI    | 50001  | 50000  |
      | Anthropic | 100001 | 100000 |

  @BP-03
  Scenario Outline: A batch for <provider> with no questions, or with two under one id, is refused
    When the team tries to hand <provider> no questions
    Then the request is refused as invalid, naming the requests
    And nothing was sent
    When the team tries to hand <provider> two questions under one id
    Then the request is refused as invalid, naming the id
    And nothing was sent

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-04 @simulator_only
  Scenario Outline: A batch at <provider> with one wrong question answers the others
    A live batch may take a day.

    Given 4 questions for <provider>, of which number 2 cannot be answered
    When the team hands them over as a batch, and waits
    Then <provider> counts 3 as answered and 1 as failed
    And the results have every question once, under its own id, the 3 with their own texts
    And the failure is number 2's, invalid in the words of <provider>
    And the ledger has charged the 3 alone, at half the price

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-05 @simulator_only @provider:OpenAI
  Scenario: A batch at OpenAI tells how far it is
    How long a batch takes is the simulator's to say.

    Given 10 questions for OpenAI
    When the team hands them over as a batch, and looks every 5 seconds until it has ended
    Then it was seen validating, at work, finalizing and completed, in that order
    And the number done never fell, out of 10 from the work on, and was 10 at the end
    And it was never told as whole before its end

  @BP-05 @simulator_only @provider:Anthropic
  Scenario: A batch at Anthropic tells nothing of its progress until it has ended
    How long a batch takes is the simulator's to say.

    Given 10 questions for Anthropic
    When the team hands them over as a batch, and looks every 10 seconds until it has ended
    Then its counts always made 10, and all were being worked on until the end
    And no progress was made up before the end

  @BP-05 @simulator_only @provider:Gemini
  Scenario: A batch at Gemini tells its state and nothing more
    How long a batch takes is the simulator's to say.

    Given 10 questions for Gemini
    When the team hands them over as a batch, and looks every 10 seconds until it has ended
    Then it was seen waiting, at work and completed, in that order
    And no progress was made up before the end

  @BP-06 @simulator_only
  Scenario Outline: A batch at <provider> costs half of the same questions asked one by one
    A live batch may take a day.

    Given 10 questions for <provider>
    When the team asks them one after the other
    And the team hands them over as a batch, and waits
    Then the batch took the same tokens, and cost half
    And the ledger tells which calls were at the price of a batch

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-06 @simulator_only
  Scenario Outline: A question that <provider> could not answer in a batch costs nothing
    A live batch may take a day.

    Given 4 questions for <provider>, of which number 2 cannot be answered
    When the team hands them over as a batch, and waits
    Then the ledger has charged the 3 alone, at half the price

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-06 @provider:OpenAI @simulator_only
  Scenario: The tokens that OpenAI tells for a batch are those of its answers together
    A live batch may take a day.

    Given 10 questions for OpenAI
    When the team hands them over as a batch, and waits
    Then the tokens of the batch are those of its answers together

  @BP-08 @simulator_only
  Scenario Outline: A batch at <provider> that is cancelled keeps what was answered, and charges nothing else
    How long a batch takes is the simulator's to say.

    Given 10 questions for <provider>
    When the team hands them over as a batch, and cancels it 30 seconds later
    Then the batch was being cancelled, and a minute later it is cancelled
    And some questions are answered and the others cancelled, 10 in all
    And the ledger has charged the answered ones alone, at half the price

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-08 @simulator_only
  Scenario Outline: A batch at <provider> that has ended cannot be cancelled
    A live batch may take a day.

    Given 2 questions for <provider>
    When the team hands them over as a batch, and waits
    And the team tries to cancel the batch
    Then the request is refused because the batch has ended
    And the batch is as it was

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-08
  Scenario Outline: A batch at <provider> that nobody handed over is not found
    When the team tries to look at a batch at <provider> that nobody handed over
    Then the request is refused because there is no such batch

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-10 @provider:OpenAI
  Scenario: A batch at OpenAI goes by way of a file, and ends within a day
    Given 3 questions for OpenAI
    When the team hands them over as a batch
    Then the questions were stored at OpenAI as the input of a batch
    And the batch is being validated, and expires a day after it was made

  @BP-10 @simulator_only @provider:OpenAI
  Scenario Outline: A batch of <what> at OpenAI gives each its own answer, though the answers come in another order
    A live batch may take a day.

    Given 6 <what> for OpenAI, to be handed over
    When the team hands them over as a batch, and waits
    Then the lines of the answers are not in the order of the questions
    And the results have every question once, under its own id

    Examples: what OpenAI takes in batches
      | what             |
      | questions        |
      | responses        |
      | texts as vectors |

  @BP-10 @provider:OpenAI
  Scenario: Five batches at OpenAI are listed two a page, each once
    Given 1 question for OpenAI
    When the team hands it over as a batch, 5 times
    Then a walk through the batches, 2 a page, meets each of the 5 once

  @BP-10 @provider:OpenAI @simulator_only
  Scenario: Two questions under one id are found by OpenAI too, and the batch fails with the line
    A live account would have to store the questions first.

    When the team hands OpenAI two questions under one id, unchecked
    And the team waits for the batch
    Then the batch has failed because of the id on line 2

  @BP-10 @provider:OpenAI
  Scenario: OpenAI takes no time for a batch but a day
    When the team tries to hand over questions to OpenAI that are to be answered in 48 hours
    Then the request is refused as invalid, naming the completion_window
    And nothing was sent

  @BP-12 @simulator_only
  Scenario Outline: A batch at <provider> that takes too long expires, and says so for each question
    Nobody waits a day for a test. OpenAI and Anthropic give a batch a day, Gemini gives it two.

    Given 4 questions for <provider>
    And batches at <provider> take 3 days
    When the team hands them over as a batch, and looks at it <hours> hours later
    Then the batch has expired
    And every question without an answer is told as expired, and costs nothing

    Examples: three providers
      | provider  | hours |
      | OpenAI    | 25    |
      | Anthropic | 25    |
      | Gemini    | 49    |

  @BP-12 @simulator_only
  Scenario Outline: Who waits 5 seconds for a batch at <provider> is told so, and the batch goes on
    How long a batch takes is the simulator's to say.

    Given 2 questions for <provider>
    When the team hands them over as a batch
    And the team waits 5 seconds for the batch
    Then the wait ends without a result, and says how the batch was last seen
    And the batch completes later

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-13 @simulator_only @budget:3
  Scenario Outline: The results of a large batch at <provider> are read as they come, and take no memory
    A live account would have to pay for 20,000 answers.

    When the team hands over <count> short questions to <provider>, written as they are needed
    And the team waits for the batch
    And the team reads the results, measuring
    Then all <count> ids were there exactly once
    And reading took less than <most> megabytes, and so did writing

    Examples: providers with lines of results
      | provider  | count | most |
      | OpenAI    | 20000 | 16   |
      | Anthropic | 10000 | 8    |

  @BP-13 @simulator_only
  Scenario Outline: The first result of a batch at <provider> is there before the last was sent
    Only a simulator can hold back the rest of an answer, to show that nobody waits for it.

    When the team hands over 200 short questions to <provider>, written as they are needed
    And the team waits for the batch
    And <provider> holds back the second half of the results
    And the team reads the results, measuring
    Then the first result was there before the last was sent

    Examples: providers with lines of results
      | provider  |
      | OpenAI    |
      | Anthropic |

  @BP-13 @simulator_only
  Scenario Outline: The last result of a batch at <provider> counts, though its line has no end
    No provider loses anything on demand.

    Given 4 questions for <provider>
    When the team hands them over as a batch
    And the team waits for the batch
    And <provider> loses the end of the last line of the results
    And the team reads the results, measuring
    Then all 4 ids were there exactly once

    Examples: providers with lines of results
      | provider  |
      | OpenAI    |
      | Anthropic |

  @BP-13 @simulator_only
  Scenario Outline: Where half of the last line of <provider> is lost, the results before it are kept
    No provider loses anything on demand.

    Given 4 questions for <provider>
    When the team hands them over as a batch
    And the team waits for the batch
    And <provider> loses half of the last line of the results
    And the team tries to read the results
    Then line 4 is told as unreadable, and the 3 results before it are there

    Examples: providers with lines of results
      | provider  |
      | OpenAI    |
      | Anthropic |

  @BP-17
  Scenario Outline: The limits of <provider> are those that it documents
    When the team looks up what <provider> takes in a batch
    Then it is told: <limits>

    Examples: what the providers document
      | provider  | limits                                                                                                   |
      | OpenAI    | 50000 questions, 209715200 bytes, one model, 24 hours                                                     |
      | Anthropic | 100000 questions, 268435456 bytes, ids of 64 characters, 24 hours, results for 29 days                    |
      | Gemini    | 2147483648 bytes, 20971520 bytes without a file, one model, 24 hours                                      |

  @BP-17 @provider:Anthropic
  Scenario Outline: An id that Anthropic does not take is refused before anything is sent
    When the team tries to hand Anthropic a question under the id "<id>"
    Then the request is refused as invalid, naming the id
    And nothing was sent

    Examples: a blank, and 65 characters
      | id                                                                |
      | a b                                                               |
      | aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa |

  @BP-17 @provider:Anthropic
  Scenario: Anthropic itself refuses an id with a blank
    When the team tries to hand Anthropic a question under the id "a b", unchecked
    Then Anthropic refuses the request as invalid, in its own words
