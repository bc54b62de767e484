@batch
Feature: Going on where a batch stopped
  What was answered is paid for: nobody asks it again, whatever happened to the rest, to the process or to the machine.

  @BP-09 @simulator_only
  Scenario Outline: Of ten questions to <provider> those that can succeed are asked again, and no other
    No provider fails on demand.

    Given 10 questions for <provider>, of which number 2 cannot be answered
    And <provider> fails at number 5, and does not answer number 8 for 8 seconds
    When the team asks them one after the other, and waits 300 milliseconds for each
    And the team has the rest asked again
    Then number 5 and number 8 were asked again, and no other
    And every question is there once, and number 5 and 8 tell of both attempts
    And together they cost what the ledger has charged

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-09
  Scenario Outline: A question to <provider> that was refused is asked again once it is corrected
    Given 3 questions for <provider>, of which number 2 cannot be answered
    When the team asks them one after the other
    And the team has the rest asked again, with number 2 corrected
    Then number 2 was asked again, and no other
    And all are answered, each with its own text

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-09 @simulator_only
  Scenario Outline: Whoever has the journal alone collects the batch from <provider>, and hands over nothing again
    A live batch may take a day.

    Given 4 questions for <provider>
    When the team hands them over as a batch, with a journal, and loses all but that
    And another connection goes on with the journal, and collects
    Then it has an answer for each question, and only 1 batch was ever made
    And nothing was paid for twice

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-09
  Scenario Outline: Whoever has the journal alone asks <provider> only what has no answer yet
    Given 5 questions for <provider>
    When the team asks them one after the other, with a journal, and stops after 3
    And another run goes on with the journal, and knows nothing else
    Then only number 4 and number 5 were asked
    And every question is there once, with its answer

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @BP-15 @simulator_only
  Scenario Outline: A batch at <provider> that was cancelled in the middle tells of every question
    How long a batch takes is the simulator's to say.

    Given 10 questions for <provider>
    When the team hands them over as a batch, and cancels it 30 seconds later
    Then a minute later it has answers for some, and the others as cancelled, and none as an empty answer
    And both together are all 10 questions

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |
