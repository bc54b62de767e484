@files
Feature: Taking files back
  A team that stores a file with a provider can take it back:
  once deleted, nobody can read it or find it again, and nothing else is lost with it.

  @FM-04 @severity:critical
  Scenario Outline: A deleted file is gone for good on <provider>
    Given the team has stored "handbook.txt" with <provider>
    When the team deletes the file
    Then <provider> confirms the deletion
    And the file can no longer be read
    And the file is missing from the list of stored files

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-04
  Scenario Outline: <provider> does not pretend to delete a file twice
    Given the team has stored "handbook.txt" with <provider>
    And the team has deleted "handbook.txt"
    When the team tries to delete the file again
    Then the request is refused because <provider> has no such file

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-04 @severity:critical
  Scenario Outline: Deleting one file leaves its neighbour alone on <provider>
    Given the team has stored "handbook.txt" with <provider>
    And the team has stored "notes-1k.txt" with <provider>
    When the team deletes "handbook.txt"
    Then "notes-1k.txt" can still be read
    And "notes-1k.txt" is in the list of stored files

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |

  @FM-04
  Scenario Outline: A file that was never stored cannot be deleted from <provider>
    When the team tries to delete a file from <provider> that was never stored
    Then the request is refused because <provider> has no such file
    And the refusal names the file's id

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |
      | Gemini    |
