@assistants_advanced
Feature: Runs
  A run is an assistant at work on a thread: it waits its turn, works, and leaves an answer in the thread. On Responses
  and Conversations a run is a response that is made in the background; the gateway keeps which responses make up a run.

  @AA-01 @provider:OpenAI
  Scenario Outline: A run on <backend> says whose it is and what it was told, and has only begun
    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team starts a run
    Then the run names its assistant, its thread, its model and its instructions
    And it has not ended, and tells no tokens

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-01 @provider:OpenAI
  Scenario Outline: While a run on <backend> is at work, its thread takes no other
    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team starts a run
    And the team tries to start another one
    Then the request is refused because of what the thread is doing
    When the team waits for the run
    Then the thread has its question and one answer

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-01 @provider:OpenAI
  Scenario Outline: While a run on <backend> is at work, its thread takes no message
    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team starts a run
    And the team tries to add "And another thing."
    Then the request is refused because of what the thread is doing
    When the team waits for the run
    Then the thread has its question and one answer

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-01 @provider:OpenAI
  Scenario Outline: What is said for one run on <backend> holds for that run alone
    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team starts a run with another model that is to answer "BETA"
    Then the run names the other model and the other instructions
    And reading it gives the instructions as they were
    When the team waits for the run
    Then the answer in the thread is "BETA"

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-01 @provider:OpenAI
  Scenario Outline: No run on <backend> begins without an assistant and a thread that are there
    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team tries to start a run of an assistant that nobody made
    Then the request is refused because there is no such assistant
    When the team tries to start a run in a thread that nobody opened
    Then the request is refused because there is no such thread

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-01 @provider:OpenAI
  Scenario Outline: A run on <backend> that nobody started is not found
    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team tries to look at a run that nobody started
    Then the request is refused because there is no such run

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-02 @provider:OpenAI
  Scenario Outline: A run on <backend> goes from queued to at work to completed, and never back
    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team starts a run and looks at it until it has ended
    Then it was seen queued, at work and completed, in that order
    And it completed after it was created, and its tokens add up

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-02 @simulator_only @provider:OpenAI
  Scenario Outline: A run on <backend> that OpenAI cannot finish is told as failed
    No provider fails on demand.

    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    And the next run will fail with "server_error"
    When the team starts a run
    And the team waits for the run
    Then the run has failed with "server_error"
    And the thread has its question and no answer

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-02 @provider:OpenAI
  Scenario Outline: A run on <backend> that reaches its limit of tokens is told as incomplete
    Given an assistant at OpenAI, on <backend>, that counts from 1 to 200
    And a thread with a question
    When the team starts a run of at most 16 tokens
    And the team waits for the run
    Then the run is incomplete because of its limit

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-02 @simulator_only @provider:OpenAI
  Scenario Outline: A run on <backend> whose question nobody answers expires after 10 minutes
    Nobody waits ten minutes for a test. On Responses and Conversations the gateway keeps this deadline itself.

    Given an assistant at OpenAI, on <backend>, that can look up the weather
    When the team asks it "What is the weather in New York?", and it has to look
    And 9 minutes pass
    Then the run still waits for a look at the weather
    When 1 minute passes
    Then the run has expired
    And the thread takes a new question and answers it

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-02 @simulator_only @provider:OpenAI
  Scenario Outline: Who waits 2 seconds for a slow run on <backend> is told so, and the run goes on
    How long a run takes is the simulator's to say.

    Given runs take 60 seconds
    And an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team starts a run
    And the team waits 2 seconds for the run
    Then the wait ends without a result, and says how the run was last seen
    And the run completes later

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-02 @simulator_only @provider:OpenAI
  Scenario Outline: Waiting a minute for a run on <backend> takes at most 8 looks
    How long a run takes is the simulator's to say.

    Given runs take 2 minutes
    And an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team starts a run
    And the team waits 60 seconds for the run
    Then the wait ends without a result, and says how the run was last seen
    And nobody looked more than 8 times in that minute

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-03 @provider:OpenAI
  Scenario Outline: The answer of a run on <backend> is in the thread once it has completed, and once only
    Given an assistant at OpenAI, on <backend>, that answers "The answer is 42."
    And a thread with a question
    When the team starts a run
    Then as long as it is at work, the thread has its question and no answer
    When the team waits for the run
    Then the thread has its question and one answer
    And the answer in the thread is "The answer is 42."

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-03 @provider:OpenAI
  Scenario Outline: The answers of two runs on <backend> are told apart
    Given an assistant at OpenAI, on <backend>, that answers "The answer is 42."
    And a thread with a question
    When it answers the question
    And it answers another question in the thread
    Then listing what either run wrote gives its own answer, which names the run

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-03 @capability:assistants_v2 @on:2026-08-20 @provider:OpenAI
  Scenario: An answer on the Assistants API was written after its run began
    Given an assistant at OpenAI, on the Assistants API, that answers "The answer is 42."
    And a thread with a question
    When it answers the question
    Then the answer is not older than its run

  @AA-03 @simulator_only @provider:OpenAI
  Scenario Outline: A run on <backend> can be followed as it happens
    Only a simulator can hold back the rest of an answer, to show that nobody waits for it.

    Given an assistant at OpenAI, on <backend>, that counts from 1 to 200
    And a thread with a question
    And OpenAI holds back the second half of what it tells of a run
    When the team follows a run
    Then its first piece came before the last one was made
    And the pieces together are the answer in the thread
    And the run that was followed is completed, with its tokens

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |
