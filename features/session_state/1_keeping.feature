@session_state
Feature: Conversations that are kept
  No provider remembers who spoke to it before: a product that carries on a conversation keeps it itself, and sends it along
  with every question. What is kept is found again by whoever comes next, and is used whole or not at all.

  @SS-01
  Scenario Outline: A conversation with <provider> that was kept goes on where it stopped
    Given a session with <provider> in which the team has said "My name is Alice." and "What is 2 + 2?"
    When the team saves the session, and goes on with what the disk has of it
    And the team says "What is my name?" in the session
    Then the question goes out to <provider> as the last of the 5 messages, each in its own role
    And the answer contains "Alice"
    And the session counts the tokens and the cost of all 3 turns, as the ledger does

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-01
  Scenario Outline: A conversation with <provider> knows nothing of another one
    Given a session with <provider> in which the team has said "My name is Alice." and "What is 2 + 2?"
    And another session with <provider>, in which nobody has said anything
    When the team says "What is my name?" in the session
    Then the question goes out to <provider> alone
    And the answer does not contain "Alice"

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-01
  Scenario Outline: Another process finds the conversation with <provider> as it was left
    Given a session with <provider> in which the team has said "My name is Alice." and "What is 2 + 2?"
    When the team saves the session
    And another process loads the session
    Then it finds all 4 messages, with their roles, ids and times
    And it finds <provider>, its model, the settings, and when the session began and was last used
    And it finds the tokens and the cost of both turns, as the ledger has them

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-01
  Scenario Outline: A process does not overwrite what another one has saved of a conversation with <provider>
    Given a session with <provider> in which the team has said "My name is Alice." and "What is 2 + 2?"
    When the team saves the session
    And another process notes this moment in the session, and saves it
    And the team says "What is my name?" in the session
    And the team tries to save the session
    Then it is refused because another process has saved the session meanwhile
    And what the other process saved is what the disk has

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-01
  Scenario Outline: What is saved of a conversation with <provider> names its form, and holds no key
    Given a session with <provider> in which the team has said "My name is Alice." and "What is 2 + 2?"
    When the team saves the session
    Then the saved file says in which form it was saved
    And the key for <provider> stands nowhere in it, and no other key

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-01
  Scenario Outline: A conversation with <provider> whose file <damage> is refused, and the file is left alone
    Given a session with <provider> in which the team has said "My name is Alice." and "What is 2 + 2?"
    When the team saves the session
    And the saved file <damage>
    And the team tries to load the session
    Then the session is refused as unusable, because its file <damage>
    And the file is as it was, to the last byte

    Examples: files that are no whole session
      | provider  | damage                                    |
      | OpenAI    | was cut in the middle of a line           |
      | OpenAI    | lacks its last line                       |
      | OpenAI    | was saved in a form that nobody knows yet |
      | Anthropic | was cut in the middle of a line           |
      | Anthropic | lacks its last line                       |
      | Anthropic | was saved in a form that nobody knows yet |
      | Gemini    | was cut in the middle of a line           |
      | Gemini    | lacks its last line                       |
      | Gemini    | was saved in a form that nobody knows yet |
