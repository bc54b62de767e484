@assistants_advanced
Feature: A whole workflow
  What teams build of all this: an assistant that remembers, calculates, and whose every run is paid for once.

  @AA-09 @provider:OpenAI
  Scenario Outline: An assistant on <backend> remembers the turn before, and calculates in the third
    Given an assistant at OpenAI, on <backend>, that can run programs
    When the team asks it "15 * 23"
    Then the answer contains "345"
    When the team goes on with "double that"
    Then the answer contains "690"
    When the team goes on with "Use a program to compute the tenth Fibonacci number."
    Then the run shows a program, and that it printed "55"

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-09 @provider:OpenAI
  Scenario Outline: Two turns with an assistant on <backend> are two questions and two answers
    Given an assistant at OpenAI, on <backend>, that can run programs
    When the team asks it "15 * 23"
    And the team goes on with "double that"
    Then the thread has 2 questions and 2 answers, in turn

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-09 @provider:OpenAI
  Scenario Outline: The ledger has what each run on <backend> cost, and nothing else
    Given an assistant at OpenAI, on <backend>, that can run programs
    When the team asks it "15 * 23"
    And the team goes on with "double that"
    Then each run tells its tokens
    And the ledger has charged what the runs cost together, programs included

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AA-09 @provider:OpenAI
  Scenario Outline: A whole workflow on <backend> leaves nothing behind
    Given the team has a store at OpenAI with "passphrase.pdf"
    And an assistant at OpenAI, on <backend>, that searches the store
    When the team asks it "What is the passphrase?"
    And the team clears up all that it made
    Then nothing of it is left

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |
