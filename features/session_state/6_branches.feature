@session_state
Feature: Checkpoints and branches
  A session notes a moment, goes back to it, or goes on from it in several ways.
  What was said before belongs to all of them, and what was said after to one alone.

  @SS-06
  Scenario Outline: Two branches with <provider> share what came before, and nothing after
    Given a session with <provider>
    When the team says "My name is Alice." in the session, and notes "fork" as a checkpoint
    And in a branch "left" from "fork" the team says "My dog is called Rex."
    And in a branch "right" from "fork" the team says "My cat is called Tom."
    And the team says "What is my name?" in both branches
    Then both branches begin with the messages of "fork", and have no other in common
    And neither shows what was said in the other, and both answers contain "Alice"

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-06
  Scenario Outline: Going back to a checkpoint with <provider> drops exactly what came later
    Given a session with <provider>
    When the team says "My name is Alice." in the session, and notes "before" as a checkpoint
    And the team says "My dog is called Rex." in the session
    And the team goes back to "before"
    Then the session has the messages of "before", and no other
    And all 2 turns stay paid for, in the session and in the ledger
    And the next question goes without "My dog is called Rex."

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-06
  Scenario Outline: Each of two checkpoints with <provider> leads back to its own moment
    Given a session with <provider>
    When the team says "My name is Alice." in the session, and notes "first" as a checkpoint
    And the team says "My dog is called Rex." in the session, and notes "second" as a checkpoint
    And the team goes back to "first"
    Then the session has the messages of "first", and no other
    When the team goes back to "second"
    Then the session has the messages of "second", and no other

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-06
  Scenario Outline: A branch with <provider> has taken what its beginning took, and its own turns
    Given a session with <provider>
    When the team says "My name is Alice." in the session, and notes "fork" as a checkpoint
    And the team says "Count from 1 to 20." in the session
    And in a branch "left" from "fork" the team says "Say three."
    Then the branch "left" has taken what turn 1 and turn 3 took
    And the session has taken what turn 1 and turn 2 took
    And the ledger has charged each of the 3 turns once

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-06
  Scenario Outline: What is changed in a branch with <provider> is changed nowhere else
    Given a session with <provider>
    When the team asks for the weather in "New York" in the session, and tells what its function gave
    And the team begins branches "left" and "right" from this moment, "fork"
    And the team changes the place to "Oslo" in the call of branch "left"
    Then the session is what it was before, down to the last row
    And branch "left" sends "Oslo" with its next question
    And branch "right" and the session send "New York" with theirs

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @SS-06
  Scenario Outline: With <provider> nobody <goes> a checkpoint that was never noted
    Given a session with <provider>
    When the team says "My name is Alice." in the session, and notes "before" as a checkpoint
    And the team <tries> "after", which was never noted
    Then the request is refused because the session has no checkpoint "after"
    And nothing was sent
    And the session is what it was before, down to the last row

    Examples: back, and on
      | provider  | goes              | tries                |
      | OpenAI    | goes back to      | tries to go back to  |
      | OpenAI    | branches off from | tries to branch from |
      | Anthropic | goes back to      | tries to go back to  |
      | Anthropic | branches off from | tries to branch from |
      | Gemini    | goes back to      | tries to go back to  |
      | Gemini    | branches off from | tries to branch from |

  @SS-06
  Scenario Outline: A second checkpoint with <provider> cannot have the first one's name
    Given a session with <provider>
    When the team says "My name is Alice." in the session, and notes "before" as a checkpoint
    And the team says "My dog is called Rex." in the session
    And the team tries to note this moment as "before" too
    Then it is refused as a conflict, naming "before"
    And the session is what it was before, down to the last row
    And going back to "before" still leads to its first moment

    Examples: three providers
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |
