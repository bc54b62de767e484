@assistants_advanced
Feature: Tools
  A run can do more than speak: run a program, search documents, or ask the team to call a function of its own. Every
  tool that was used shows in the steps of the run.

  @AA-04 @provider:OpenAI
  Scenario Outline: A calculation on <backend> is done by a program that the run shows
    Given an assistant at OpenAI, on <backend>, that can run programs
    When the team asks it "Use a program to compute 10! and tell me the result."
    Then the answer contains "3628800"
    And the run shows a program, and that it printed "3628800"
    And its steps are the program and then the message, each completed

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-04 @provider:OpenAI
  Scenario Outline: Without the tool, a run on <backend> shows no program
    Given an assistant at OpenAI, on <backend>, that answers "3628800"
    When the team asks it "What is 10! ?"
    Then the run shows no program

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-04 @provider:OpenAI
  Scenario Outline: A program on <backend> that fails shows its traceback, and the run completes all the same
    Given an assistant at OpenAI, on <backend>, that can run programs
    When the team asks it to run a program that divides by zero
    Then the run shows a program, and that it printed "ZeroDivisionError"
    And the run is completed

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-04 @provider:OpenAI
  Scenario Outline: No program on <backend> reads a file that nobody stored
    On Responses and Conversations it is the run that is refused, as OpenAI never sees the assistant.

    When the team tries to have programs run at OpenAI, on <backend>, over a file that nobody stored
    Then the request is refused because there is no such file

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-05 @provider:OpenAI
  Scenario Outline: A run on <backend> waits for the function it asked for, and uses what it gave
    Given an assistant at OpenAI, on <backend>, that can look up the weather
    When the team asks it "What is the weather in New York?", and it has to look
    Then the run waits for one look at the weather in "New York"
    And it waits on through 3 more looks at it, and has said nothing
    When the team gives it 61.7 degrees
    Then the answer contains "61.7"

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-05 @provider:OpenAI
  Scenario Outline: Of two functions that a run on <backend> asked for, both must be answered
    Given an assistant at OpenAI, on <backend>, that can look up the weather
    When the team asks it "What is the weather in New York and in Paris?", and it has to look
    Then the run waits for looks at the weather in "New York" and "Paris"
    When the team tries to answer the first one alone
    Then OpenAI refuses the request as invalid, in its own words
    When the team answers both, with 61.7 and 48.2 degrees
    Then the answer contains "61.7"

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-05 @provider:OpenAI
  Scenario Outline: A run on <backend> takes no answer to a function that it did not ask for
    Given an assistant at OpenAI, on <backend>, that can look up the weather
    When the team asks it "What is the weather in New York?", and it has to look
    And the team tries to answer a call that nobody made
    Then OpenAI refuses the request as invalid, in its own words
    And the run still waits for a look at the weather

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-05 @provider:OpenAI
  Scenario Outline: A run on <backend> takes no second answer to the same function
    Given an assistant at OpenAI, on <backend>, that can look up the weather
    When the team asks it "What is the weather in New York?", and it has to look
    And the team gives it 61.7 degrees
    And the team tries to give it 48.2 degrees
    Then the request is refused because of what the run is doing

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-05 @simulator_only @provider:OpenAI
  Scenario Outline: A run on <backend> that has expired takes no answer any more
    Nobody waits ten minutes for a test. On Responses and Conversations the gateway keeps this deadline itself.

    Given an assistant at OpenAI, on <backend>, that can look up the weather
    When the team asks it "What is the weather in New York?", and it has to look
    And 11 minutes pass
    And the team tries to give it 61.7 degrees
    Then the request is refused because of what the run is doing
    And the run has expired

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-05 @provider:OpenAI
  Scenario Outline: A run on <backend> is told that a function failed, and says so
    Given an assistant at OpenAI, on <backend>, that can look up the weather
    When the team asks it "What is the weather in New York?", and it has to look
    And the team says that the weather station is closed
    Then the answer contains "closed"

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-05
  Scenario Outline: In a conversation with <provider>, the model asks for a function and uses what it gave
    When the team asks <provider> "What is the weather in New York?", and it has to look
    Then the answer is one look at the weather in "New York", and no text
    When the team tells <provider> 61.7 degrees
    Then the answer contains "61.7"
    And what the function gave went along under the id of its call

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @AA-05
  Scenario Outline: In a conversation with <provider>, each of two functions must be answered
    When the team asks <provider> "What is the weather in New York and in Paris?", and it has to look
    And the team tries to go on with <provider> after answering the first one alone
    Then the request is refused as invalid, naming the outputs
    And nothing was sent

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @AA-06 @provider:OpenAI
  Scenario Outline: A run on <backend> answers from the team's documents, and names the right one
    Given the team has a store at OpenAI with "passphrase.pdf" and "bees.txt"
    And an assistant at OpenAI, on <backend>, that searches the store
    When the team asks it "What is the passphrase?"
    Then the answer contains "cobalt-heron-41"
    And the answer cites "passphrase.pdf" and nothing else
    And the run shows a search that found something in "passphrase.pdf"

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-06 @provider:OpenAI
  Scenario Outline: Without the store, a run on <backend> knows nothing of the documents
    Given the team has a store at OpenAI with "passphrase.pdf" and "bees.txt"
    And an assistant at OpenAI, on <backend>, that has no tools
    When the team asks it "What is the passphrase?"
    Then the answer does not contain "cobalt-heron-41"
    And the answer cites nothing
    And the run shows no search

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-06 @provider:Gemini
  Scenario: Gemini answers from the team's documents, and names the right one
    Gemini has no assistants: there a question is asked of the store.

    Given the team has a store at Gemini with "passphrase.pdf" and "bees.txt"
    When the team asks the store "What is the passphrase?"
    Then the store's answer contains "cobalt-heron-41"
    And it rests on "passphrase.pdf" before anything else
