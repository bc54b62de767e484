@caching
Feature: How long a cache lives
  A cache lives as long as was agreed, not shorter and not longer. On Gemini its life can be changed and ended, and
  each hour of it costs; on Anthropic each use makes it new. OpenAI and Anthropic have nothing to change or to delete.

  @CC-03 @provider:Gemini
  Scenario Outline: A cache of 10 minutes is given a <other> life of <time> from now
    Given the team keeps the manual in a cache at Gemini for 10 minutes
    When 100 seconds pass
    And the team lets the cache live for <time> from now
    Then Gemini says that the cache expires <time> after that
    And it was changed at that time, and nothing else about it
    And it is described as the change itself was answered, by its end and not by its lifetime
    And the team is told that it has <time> left

    Examples: longer and shorter
      | other   | time       |
      | longer  | 2 hours    |
      | shorter | 60 seconds |

  @CC-03 @provider:Gemini
  Scenario Outline: The <field> of a cache cannot be changed
    Given the team keeps the manual in a cache at Gemini for 10 minutes
    When the team tries to change the <field> of the cache
    Then the request is refused as invalid, naming the <field>
    And nothing was sent

    Examples: what a cache is made of, and a life that would end before it began
      | field    |
      | model    |
      | contents |

  @CC-03 @provider:Gemini
  Scenario: A cache cannot be given a life below zero
    Given the team keeps the manual in a cache at Gemini for 10 minutes
    When the team tries to let the cache live for "-5s" from now
    Then the request is refused as invalid, naming the lifetime
    And nothing was sent

  @CC-03 @provider:Anthropic
  Scenario: A manual that Anthropic is to keep for an hour is written for an hour
    When the team asks Anthropic about the manual, to be kept in the cache for 1 hour
    Then the manual is written to the cache for 1 hour, and nothing is written for 5 minutes

  @CC-04 @provider:Gemini
  Scenario: A deleted cache is gone, and the one beside it stays
    Given the team keeps 2 manuals in caches at Gemini for 10 minutes
    When the team deletes the first cache
    Then the cache can no longer be read about
    And the cache is missing from the list of caches
    And the other cache can still be read about

  @CC-04 @provider:Gemini
  Scenario: A deleted cache answers no question, and cannot be deleted again
    Given the team keeps the manual in a cache at Gemini for 10 minutes
    And the team has deleted the cache
    When the team tries to ask a question with the cache
    Then the question is refused because Gemini has no such cache, and there is no answer
    When the team tries to delete the cache again
    Then the request is refused because Gemini has no such cache, naming it

  @CC-04 @provider:Gemini @simulator_only
  Scenario: A cache costs storage until it is deleted, and no longer
    Live this would wait for twenty minutes.

    Given the team keeps the manual in a cache at Gemini for 1 hour
    When 10 minutes pass
    And the team deletes the cache
    And 10 minutes pass
    Then keeping the manual has cost what its tokens cost for 10 minutes
    And the ledger has charged the making and the keeping of the cache, and no more

  @CC-04
  Scenario Outline: There is no cache to delete at <provider>, and nothing pretends that there was
    When the team tries to delete a cache at <provider>
    Then the request is refused as unsupported by <provider>
    And nothing was sent

    Examples: providers that have no caches as objects
      | provider  |
      | OpenAI    |
      | Anthropic |

  @CC-06 @provider:Gemini @simulator_only
  Scenario: A cache of 60 seconds can be used to its last second
    Live this would wait a minute for one answer: there the scenario below does, where slow ones are asked for.

    Given the team keeps the manual in a cache at Gemini for 60 seconds
    When 59 seconds pass
    Then the cache can still be read about
    When the team asks a question with the cache
    Then the manual is read from the cache

  @CC-06 @provider:Gemini @simulator_only
  Scenario: A cache of 60 seconds is gone a second after its end
    Live the end is late by some seconds: there the scenario below waits for it, where slow ones are asked for.

    Given the team keeps the manual in a cache at Gemini for 60 seconds
    And the team keeps another manual in a cache at Gemini for 10 minutes
    When 61 seconds pass
    Then the cache can no longer be read about
    And the cache is missing from the list of caches
    When the team tries to ask a question with the cache
    Then the question is refused because Gemini has no such cache, and there is no answer

  @CC-06 @provider:Gemini @slow
  Scenario: A cache of 60 seconds is gone in the end
    Given the team keeps the manual in a cache at Gemini for 60 seconds
    When 75 seconds pass
    Then the cache is gone within 2 minutes

  @CC-06 @provider:Gemini @simulator_only
  Scenario: A cache that has expired has cost storage for its life, and no more
    Live the end comes late by some seconds, and nobody says which of them are charged.

    Given the team keeps the manual in a cache at Gemini for 60 seconds
    When 10 minutes pass
    Then keeping the manual has cost what its tokens cost for 60 seconds

  @CC-06 @provider:Anthropic @simulator_only
  Scenario: Each use gives what Anthropic keeps another 5 minutes, and without one it is gone
    Live this would wait for a quarter of an hour.

    Given the team has asked Anthropic about the manual, to be kept in the cache
    When the team asks the same question 240 seconds later, and again 240 seconds after that
    Then each time the manual is read from the cache
    When the team asks the same question 301 seconds later
    Then the manual is written to the cache, and nothing is read from it
