@assistants_advanced
Feature: When runs go wrong
  Runs are cancelled, fail, and are cut off. Whatever happens, no question is asked twice and no answer comes twice.

  @AA-07 @simulator_only @provider:OpenAI
  Scenario Outline: A cancelled run on <backend> never answers, and its thread is free again
    How long a run takes is the simulator's to say. A response is cancelled at once: it is never seen being cancelled.

    Given runs take 30 seconds
    And an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When the team starts a run, and cancels it 5 seconds later
    Then the run ends cancelled
    And even a minute later the thread has its question and no answer
    And the thread takes a new question and answers it

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-07 @provider:OpenAI
  Scenario Outline: A run on <backend> that has completed cannot be cancelled
    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    When it answers the question
    And the team tries to cancel the run
    Then the request is refused because of what the run is doing

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-07 @simulator_only @provider:OpenAI
  Scenario Outline: A run on <backend> that fails is followed by one new run, and nothing is said twice
    No provider fails on demand.

    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    And the next run will fail with "server_error"
    When the team has the question answered, come what may
    Then the run is completed
    And 2 runs were asked for
    And the thread has its question and one answer

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-07 @simulator_only @capability:assistants_v2 @on:2026-08-20 @provider:OpenAI
  Scenario: A run on the Assistants API whose start was cut off is found again, and there is no second
    No provider cuts a connection on demand.

    Given an assistant at OpenAI, on the Assistants API, that answers "ALPHA"
    And a thread with a question
    And the connection will be cut once the next run has begun
    When the team has the question answered, come what may
    Then the run is completed
    And 1 run took place
    And the thread has its question and one answer

  @AA-07 @simulator_only @provider:OpenAI
  Scenario: A run on Responses and Conversations whose start was cut off goes on, and there is no second
    No provider cuts a connection on demand. A response cannot be looked for: the thread shows that one is at work, or
    what it said. What it cost nobody tells, so the money set aside for it stays spent; and nobody can delete it, but
    OpenAI forgets it after 30 days.

    Given an assistant at OpenAI, on Responses and Conversations, that answers "ALPHA"
    And a thread with a question
    And the connection will be cut once the next run has begun
    When the team has the question answered, come what may
    Then 1 run took place
    And the thread has its question and one answer
    And 31 days later OpenAI has nothing left of it

  @AA-08 @simulator_only @provider:OpenAI
  Scenario Outline: Where OpenAI is too busy for a run on <backend>, the team waits as long as it is asked to
    A limit of a real account cannot be reached safely.

    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    And OpenAI is too busy for the next 2 runs, and asks to wait 2 seconds
    When the team has the question answered, come what may
    Then the run was asked for 3 times, and began 4 seconds or more after the first
    And the thread has its question and one answer

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-08 @simulator_only @provider:OpenAI
  Scenario Outline: Where OpenAI is too busy to say how a run on <backend> is, the run goes on unharmed
    A limit of a real account cannot be reached safely.

    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    And OpenAI is too busy for the next 2 looks at a run, and asks to wait 2 seconds
    When the team has the question answered, come what may
    Then the run is completed
    And 1 run was asked for
    And the thread has its question and one answer

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-08 @simulator_only @provider:OpenAI
  Scenario Outline: A run on <backend> that fails for the rate limit is followed by two more at most
    A limit of a real account cannot be reached safely.

    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    And the next 3 runs will fail with "rate_limit_exceeded"
    When the team tries to have the question answered, come what may
    Then the request is refused as rate limited, after 3 runs
    And the thread has its question and no answer

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-08 @simulator_only @provider:OpenAI
  Scenario Outline: Where OpenAI is too busy for good, a run on <backend> is given up after 4 requests
    A limit of a real account cannot be reached safely.

    Given an assistant at OpenAI, on <backend>, that answers "ALPHA"
    And a thread with a question
    And OpenAI is too busy for the next 10 runs, and asks to wait 2 seconds
    When the team tries to have the question answered, come what may
    Then the request is refused as rate limited, after 4 requests
    And the thread has its question and no answer

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-08 @simulator_only @capability:assistants_v2 @on:2026-08-20 @provider:OpenAI
  Scenario: A run on the Assistants API whose start was cut off is found, though OpenAI is too busy to list it at first
    No provider cuts a connection on demand.

    Given an assistant at OpenAI, on the Assistants API, that answers "ALPHA"
    And a thread with a question
    And the connection will be cut once the next run has begun
    And OpenAI is too busy for the next 2 searches for a run, and asks to wait 2 seconds
    When the team has the question answered, come what may
    Then 1 run took place
    And the thread has its question and one answer

  @AA-08 @simulator_only @provider:OpenAI
  Scenario: A run on Responses and Conversations whose start was cut off goes on, though OpenAI is too busy to show the thread
    No provider cuts a connection on demand. Nobody can name the response, but OpenAI forgets it after 30 days.

    Given an assistant at OpenAI, on Responses and Conversations, that answers "ALPHA"
    And a thread with a question
    And the connection will be cut once the next run has begun
    And OpenAI is too busy for the next 2 searches for a run, and asks to wait 2 seconds
    When the team has the question answered, come what may
    Then the thread has its question and one answer
    And 31 days later OpenAI has nothing left of it
