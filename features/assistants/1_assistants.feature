@assistants
Feature: Assistants
  A team describes an assistant once: a model, instructions, tools. OpenAI kept assistants until 26 August 2026. On the
  successor, Responses and Conversations, there is no such thing on the server: what the team describes is kept by the
  gateway, on the team's own disk, and sent along with every run. Every promise about an assistant is there the
  gateway's, and it holds across processes.

  @AB-01 @provider:OpenAI
  Scenario Outline: An assistant on <backend> needs nothing but a model
    When the team makes an assistant at OpenAI, on <backend>, with nothing but a model
    Then the assistant has that model and nothing else
    And it was made just now
    When the team makes a second one
    Then the two have different ids

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-01 @provider:OpenAI
  Scenario Outline: An assistant on <backend> without a model is refused
    When the team tries to make an assistant at OpenAI, on <backend>, without a model
    Then the request is refused as invalid, naming the model
    And nothing was sent

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-01 @capability:assistants_v2 @on:2026-08-20 @provider:OpenAI
  Scenario: Every request to the Assistants API says which version of it is meant
    Given an assistant at OpenAI, on the Assistants API, that has answered in a thread
    When the team reads all that the run has left
    Then every request said that it means the second version of the API

  @AB-01 @simulator_only @on:2026-08-25 @provider:OpenAI
  Scenario: Since 26 August 2026 the Assistants API is gone, and its successor goes on
    Only a simulator can go back to the day before.

    Given the team has an assistant at OpenAI, on Responses and Conversations
    And the team has an assistant at OpenAI, on the Assistants API
    When 1 day passes
    And the team tries to read the assistant
    Then the request is refused as retired since 26 August 2026, with Responses and Conversations to turn to
    And the assistant on Responses and Conversations is as it was made

  @AB-01 @provider:OpenAI
  Scenario: An assistant on Responses and Conversations outlives the connection that made it
    Given the team has an assistant at OpenAI, on Responses and Conversations
    When the team opens another connection and reads the assistant
    Then it is as it was made

  @AB-02 @provider:OpenAI
  Scenario Outline: Assistants on <backend> are listed newest first, each once, and the deleted ones no more
    Given the team has made three assistants at OpenAI, on <backend>, 1 second apart
    Then the list has the three newest first, each once
    And asked from the oldest on, the list has them the other way round
    When the team deletes the second one
    Then the list has the other two newest first, each once

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-02 @provider:OpenAI
  Scenario Outline: Assistants on <backend> can be listed two at a time
    Given the team has made three assistants at OpenAI, on <backend>, 1 second apart
    When the team asks for a list of 2
    Then it has the two newest, and there is more
    When the team asks for what follows them
    Then it has the oldest, and nothing more of theirs

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-02 @provider:OpenAI
  Scenario Outline: A list of <limit> assistants on <backend> is refused
    When the team tries to list <limit> assistants at OpenAI, on <backend>
    Then the request is refused as invalid, naming the limit
    And nothing was sent

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            | limit |
      | the Assistants API | 0     |
      | the Assistants API | 101   |

    Examples: since then
      | backend                     | limit |
      | Responses and Conversations | 0     |
      | Responses and Conversations | 101   |

  @AB-03 @provider:OpenAI
  Scenario Outline: All that was said of an assistant on <backend> comes back as it was said
    Given the team has a store at OpenAI with "bees.txt"
    And an assistant at OpenAI, on <backend>, of whom everything is said that can be
    When the team reads the assistant
    Then its texts, model, metadata and temperature are as they were given
    And its tools are as they were given, down to the last word of a function's description

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-03 @provider:OpenAI
  Scenario Outline: Two assistants on <backend> are not taken for each other
    Given an assistant called "Ada" at OpenAI, on <backend>, whose description speaks of "Bee"
    And an assistant called "Bee" at OpenAI, on <backend>, whose description speaks of "Ada"
    Then reading each of them gives its own name and description

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-03 @provider:OpenAI
  Scenario Outline: Instructions on <backend> are kept to the last character
    When the team makes an assistant at OpenAI, on <backend>, with instructions in four scripts between empty lines
    Then reading it gives the instructions character for character

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-03 @provider:OpenAI
  Scenario Outline: An assistant on <backend> that nobody made is not found
    When the team tries to read an assistant at OpenAI, on <backend>, that nobody made
    Then the request is refused because there is no such assistant

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-04 @provider:OpenAI
  Scenario Outline: New instructions for an assistant on <backend> change nothing else
    Given an assistant with a name and a tool at OpenAI, on <backend>, that answers "ALPHA"
    When the team has it answer "BETA" from now on
    Then reading it gives the new instructions, and all else as it was
    When the team has it answer "GAMMA" from now on
    Then reading it gives the new instructions, and all else as it was

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-04 @provider:OpenAI
  Scenario Outline: New instructions on <backend> hold for the next run, and leave the runs before as they were
    Given an assistant with a name and a tool at OpenAI, on <backend>, that answers "ALPHA"
    And it has answered in a thread
    When the team has it answer "BETA" from now on
    And it answers in a new thread
    Then the new answer is "BETA"
    And the run before still has the instructions to answer "ALPHA"

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-04 @provider:OpenAI
  Scenario Outline: Instructions of 256,001 characters on <backend> are refused, and the old ones stay
    Given an assistant with a name and a tool at OpenAI, on <backend>, that answers "ALPHA"
    When the team tries to give it 256001 characters of instructions
    Then the request is refused as invalid, naming the instructions
    And nothing was sent
    And reading it gives the instructions as they were

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-04 @provider:OpenAI
  Scenario Outline: Nobody can change an assistant on <backend> that nobody made
    When the team tries to change an assistant at OpenAI, on <backend>, that nobody made
    Then the request is refused because there is no such assistant

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-04 @provider:OpenAI
  Scenario Outline: An assistant on <backend> cannot have <wrong>
    When the team tries to make an assistant at OpenAI, on <backend>, with <wrong>
    Then the request is refused as invalid, naming the <field>
    And nothing was sent

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            | wrong                                             | field    |
      | the Assistants API | 129 tools                                         | tools    |
      | the Assistants API | a function whose arguments are described wrongly  | tools    |
      | the Assistants API | 17 entries of metadata                            | metadata |

    Examples: since then
      | backend                     | wrong                                             | field    |
      | Responses and Conversations | 129 tools                                         | tools    |
      | Responses and Conversations | a function whose arguments are described wrongly  | tools    |
      | Responses and Conversations | 17 entries of metadata                            | metadata |

  @AB-05 @provider:OpenAI
  Scenario Outline: A deleted assistant on <backend> is gone, and what it said in a thread stays
    Given an assistant at OpenAI, on <backend>, that has answered in a thread
    When the team deletes the assistant
    Then the deletion names the assistant
    And the assistant is gone, and not in the list
    And the thread still has its question and its answer

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-05 @provider:OpenAI
  Scenario Outline: With a deleted assistant on <backend> nothing can be done any more
    Given an assistant at OpenAI, on <backend>, that has answered in a thread
    When the team deletes the assistant
    And the team tries to delete it again
    Then the request is refused because there is no such assistant
    When the team tries to have it answer in the thread
    Then the request is refused because there is no such assistant

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-05 @provider:OpenAI
  Scenario Outline: An assistant on <backend> that nobody made cannot be deleted
    When the team tries to delete an assistant at OpenAI, on <backend>, that nobody made
    Then the request is refused because there is no such assistant

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |
