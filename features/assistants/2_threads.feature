@assistants
Feature: Threads and their messages
  A thread keeps what was said, so that nobody has to send it again. The successor calls it a conversation, and its
  messages are items: they have no time of their own, name no run, and nothing can be filed with them.

  @AB-06 @provider:OpenAI
  Scenario Outline: A new thread on <backend> is empty, and a deleted one is gone
    When the team opens a thread at OpenAI, on <backend>
    Then the thread has no messages and no metadata
    When the team deletes the thread
    Then the thread is gone

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-06 @provider:OpenAI
  Scenario Outline: A thread on <backend> can begin with messages
    When the team opens a thread at OpenAI, on <backend>, with "First things first." and "Then the rest."
    Then the thread has exactly these messages, in order

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-06 @provider:OpenAI
  Scenario Outline: Two threads on <backend> have no message in common
    When the team opens a thread at OpenAI, on <backend>, with "First things first." and "Then the rest."
    And the team opens another one with "Something else."
    Then each of the two has its own messages and no other

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-06 @provider:OpenAI
  Scenario Outline: What is filed with a thread on <backend> can be read and changed
    When the team opens a thread at OpenAI, on <backend>, filed under "case" as "A-17"
    Then the thread is filed under "case" as "A-17"
    When the team files it under "case" as "B-4"
    Then the thread is filed under "case" as "B-4"

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-06 @provider:OpenAI
  Scenario Outline: A thread on <backend> cannot begin with <wrong>
    When the team tries to open a thread at OpenAI, on <backend>, with <wrong>
    Then the request is refused as invalid, naming the <field>
    And nothing was sent

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            | wrong                         | field    |
      | the Assistants API | 17 entries of metadata        | metadata |
      | the Assistants API | a message of the role "system" | role     |

    Examples: since then
      | backend                     | wrong                         | field    |
      | Responses and Conversations | 17 entries of metadata        | metadata |
      | Responses and Conversations | a message of the role "system" | role     |

  @AB-07 @provider:OpenAI
  Scenario Outline: A message to a thread on <backend> is kept as it was said, and in no other thread
    Given two threads at OpenAI, on <backend>
    When the team adds a message of 10000 characters in four scripts to the first
    Then the message is the user's, belongs to the thread and reads exactly as it was written
    And it is the only message of its thread
    And the second thread is still empty

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-07 @provider:OpenAI
  Scenario Outline: Three messages to a thread on <backend> are three, in the order of their coming
    Given a thread at OpenAI, on <backend>
    When the team adds "one", "two" and "three" to it
    Then the thread has three messages with ids of their own, in that order

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-07 @capability:assistants_v2 @on:2026-08-20 @provider:OpenAI
  Scenario: Something can be filed with a message on the Assistants API
    Given a thread at OpenAI, on the Assistants API
    When the team adds a message that is filed under "source" as "letter"
    Then reading the message shows it filed under "source" as "letter"

  @AB-07 @provider:OpenAI
  Scenario: Nothing can be filed with a message on Responses and Conversations, and the team is told so
    Given a thread at OpenAI, on Responses and Conversations
    When the team tries to add a message that is filed under "source" as "letter"
    Then the request is refused as unsupported by OpenAI
    And nothing was sent

  @AB-07 @provider:OpenAI
  Scenario Outline: A message to a thread on <backend> that nobody opened is refused
    When the team tries to add a message to a thread at OpenAI, on <backend>, that nobody opened
    Then the request is refused because there is no such thread

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-07 @provider:OpenAI
  Scenario Outline: An empty message to a thread on <backend> is refused
    Given a thread at OpenAI, on <backend>
    When the team tries to add an empty message
    Then the request is refused as invalid, naming the content
    And nothing was sent

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-08 @provider:OpenAI
  Scenario Outline: The messages of a thread on <backend> are listed newest first, or oldest first when asked
    Given a thread at OpenAI, on <backend>, with three messages
    And another thread with a message of its own
    Then the messages are listed newest first
    And asked from the oldest on, they are listed the other way round
    And each has the text and the role that it was given

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-08 @provider:OpenAI
  Scenario Outline: A walk through the messages on <backend>, one at a time, meets each once
    Given a thread at OpenAI, on <backend>, with three messages
    When the team walks through the messages, 1 a page
    Then it meets the three newest first, without a gap and without a repeat

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-08 @provider:OpenAI
  Scenario Outline: A thread on <backend> with more messages than a page holds is listed whole
    Given a thread at OpenAI, on <backend>, with 25 messages
    Then the list of its messages has all 25, newest first

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |

  @AB-08 @provider:OpenAI
  Scenario Outline: The messages of a thread on <backend> that nobody opened cannot be listed
    When the team tries to list the messages of a thread at OpenAI, on <backend>, that nobody opened
    Then the request is refused because there is no such thread

    @capability:assistants_v2 @on:2026-08-20
    Examples: until August 2026
      | backend            |
      | the Assistants API |

    Examples: since then
      | backend                     |
      | Responses and Conversations |
