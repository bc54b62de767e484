@caching
Feature: Keeping a context in a cache
  A team that asks many questions about one long manual lets its provider keep the manual. On Gemini a cache is an
  object with a name and a lifetime. On Anthropic a mark in the question says up to where it is to be kept. OpenAI
  keeps the beginning of long questions unasked, and finds it again for questions with the same key.

  @CC-01 @provider:Gemini
  Scenario Outline: A cache that Gemini keeps <for how long> lives for <lifetime>
    When the team keeps the manual in a cache at Gemini <for how long>
    Then the cache expires <lifetime> after it was made

    Examples: with a wish and without; the lifetime is an hour then
      | for how long                | lifetime   |
      | for 10 minutes              | 10 minutes |
      | without saying for how long | 1 hour     |

  @CC-01 @provider:Gemini
  Scenario: Gemini keeps the whole manual, and the instructions that go with it
    When the team keeps the manual in a cache at Gemini for 10 minutes
    Then Gemini has the cache under the name that the team gave it, for the model that the team asked for
    And the cache has as many tokens as Gemini counts in the manual and its instructions
    And the cache has no fewer tokens than the least that Gemini keeps

  @CC-01 @provider:Anthropic
  Scenario: The first question about a manual writes it into the cache of Anthropic
    When the team asks Anthropic about the manual, to be kept in the cache
    Then the manual is written to the cache, and nothing is read from it

  @CC-01 @provider:OpenAI
  Scenario: The first question about a manual that OpenAI has never seen finds nothing in the cache
    When the team asks OpenAI about the manual, to be kept in the cache
    Then nothing is read from the cache

  @CC-01 @provider:Gemini
  Scenario Outline: A cache <how> is refused before anything is sent
    When the team tries to keep the manual in a cache at Gemini <how>
    Then the request is refused as invalid, naming the <field>
    And nothing was sent

    Examples: two lifetimes at once, and nothing to keep
      | how                               | field    |
      | for 10 minutes and until tomorrow | lifetime |
      | with nothing in it                | contents |

  @CC-02 @provider:Gemini
  Scenario: Reading about a cache tells what was told when it was made, and never what is in it
    Given the team keeps 2 manuals in caches at Gemini for 10 minutes
    When the team reads about the first cache
    Then it is described as it was when it was made
    And nothing of the manual and its instructions is in the description

  @CC-02 @provider:Gemini
  Scenario: Reading about a cache does not make its life longer
    Given the team keeps the manual in a cache at Gemini for 10 minutes
    When 30 seconds pass
    And the team reads about the cache
    Then it is described as it was when it was made
    When 30 seconds pass
    And the team reads about the cache
    Then it is described as it was when it was made

  @CC-02 @provider:Anthropic
  Scenario: The second question reads all that the first one wrote into the cache of Anthropic
    Given the team has asked Anthropic about the manual, to be kept in the cache
    When the team asks the same question again
    Then all that was written is read from the cache, and nothing is written again

  @CC-02 @provider:OpenAI
  Scenario: A question that is repeated with the same key is found in the cache of OpenAI
    OpenAI promises no hit at the first repetition: it has to come with the third.

    Given the team has asked OpenAI about the manual, to be kept in the cache
    When the team asks the same question again, up to 3 times
    Then 1024 tokens or more are read from the cache, and no more than the question has

  @CC-05 @provider:Gemini @simulator_only
  Scenario: Five caches fill three pages of two
    A live account may hold caches of others, which would fill the pages too.

    Given the team keeps 5 manuals in caches at Gemini for 10 minutes
    When the team turns the pages of its caches at Gemini, 2 a page
    Then the pages have 2, 2 and 1 caches
    And each of the 5 caches is listed once, as it is described by itself

  @CC-05 @provider:Gemini
  Scenario: A list of all caches is fetched page after page, to the last
    Given the team keeps 5 manuals in caches at Gemini for 10 minutes
    When the team lists all its caches at Gemini, 2 a page
    Then every page was fetched once
    And each of the 5 caches is listed once, as it is described by itself

  @CC-05 @provider:Gemini
  Scenario: A page of caches that Gemini never announced is refused
    When the team tries to turn to a page of caches that Gemini never announced
    Then Gemini refuses the request as invalid, in its own words
