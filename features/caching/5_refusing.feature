@caching
Feature: What cannot be cached
  What is too small, too large or asked for in a wrong way is refused in words that help, or is plainly not cached: the
  team is never left to believe in a cache that is not there.

  @CC-07 @provider:Gemini
  Scenario: A note is too small for a cache of Gemini, which says how small and what the least is
    When the team tries to keep a note of 50 words in a cache at Gemini
    Then Gemini refuses the request as invalid, in its own words
    And the refusal tells the text's tokens and the least that Gemini keeps

  @CC-07 @provider:Gemini @simulator_only
  Scenario: One token below the least is refused
    The least differs from model to model, and the published figures from the real ones.

    When the team tries to keep a text of one token less than the least in a cache at Gemini
    Then Gemini refuses the request as invalid, in its own words
    And the refusal tells the text's tokens and the least that Gemini keeps

  @CC-07 @provider:Gemini @simulator_only
  Scenario: The least is enough
    The least differs from model to model, and the published figures from the real ones.

    When the team keeps a text of exactly the least tokens in a cache at Gemini
    Then the cache has exactly the least tokens

  @CC-07 @provider:Gemini @simulator_only @budget:2.00
  Scenario: More than the model can read is refused
    A million tokens would be costly to send for a refusal.

    When the team tries to keep a text of more tokens than the model reads in a cache at Gemini
    Then Gemini refuses the request as invalid, in its own words
    And the refusal tells the text's tokens and the most that Gemini reads

  @CC-07 @provider:Anthropic
  Scenario: A short question marked for the cache of Anthropic is answered, and plainly not cached
    When the team asks Anthropic a short question twice, to be kept in the cache
    Then both answers count as not cached

  @CC-07 @provider:OpenAI
  Scenario: A short question is not in the cache of OpenAI, however often it is asked
    When the team asks OpenAI a short question 3 times, to be kept in the cache
    Then nothing was ever read from the cache

  @CC-07 @provider:Gemini
  Scenario: A cache for no time at all is refused before anything is sent
    When the team tries to keep the manual in a cache at Gemini for "0s"
    Then the request is refused as invalid, naming the lifetime
    And nothing was sent

  @CC-10 @provider:Gemini
  Scenario Outline: Nobody can <do something with> a cache that Gemini never had
    When the team tries to <do something with> a cache that Gemini never had
    Then the request is refused because Gemini has no such cache, naming it
    And the refusal keeps what Gemini itself answered
    And the request was sent once

    Examples: all that can be done with a cache
      | do something with   |
      | read about          |
      | change the life of  |
      | delete              |
      | ask a question with |

  @CC-10 @provider:Gemini
  Scenario: An unknown cache and a wrong key are two different refusals
    When the team tries to read about a cache that Gemini never had
    Then the request is refused because Gemini has no such cache, naming it
    When the team tries to read about the same cache with a wrong key
    Then the request is refused because Gemini does not accept the key

  @CC-10 @provider:Gemini @simulator_only
  Scenario: An unknown cache and a missing permission are two different refusals
    A key without the permission would have to be made for this.

    Given the team keeps the manual in a cache at Gemini for 10 minutes
    And Gemini lets the key do nothing more for one request
    When the team tries to read about the cache
    Then the request is refused because the key lacks the permission
    And the request was sent once

  @CC-11 @provider:Gemini
  Scenario Outline: Nothing is made of a cache <how>, which is refused by name
    When the team tries to keep the manual in a cache at Gemini <how>
    Then the request is refused as invalid, naming the <field>
    And nothing was sent
    And Gemini has no cache of the team

    Examples: what can be judged before anything is sent
      | how                               | field    |
      | for "1 hour"                      | lifetime |
      | for "0s"                          | lifetime |
      | for 10 minutes and until tomorrow | lifetime |
      | with nothing but a name           | contents |

  @CC-11 @provider:Gemini
  Scenario: A cache for a model that Gemini does not have is refused by Gemini itself, and nothing is made
    Gemini speaks of the model as not found, and so does the team's refusal.

    When the team tries to keep the manual in a cache at Gemini for an unknown model
    Then the request is refused because Gemini has no such model, naming it
    And the request was sent once
    And Gemini has no cache of the team

  @CC-11 @provider:Anthropic
  Scenario Outline: A question to Anthropic with <what> is refused by name
    When the team tries to ask Anthropic about the manual, with <what>
    Then the request is refused as invalid, naming the <field>
    And nothing was sent

    Examples: one mark more than Anthropic takes, and a lifetime that it does not have
      | what                  | field    |
      | 5 marks for the cache | marks    |
      | a mark for 2 hours    | lifetime |

  @CC-11
  Scenario Outline: <another provider>'s way of caching is refused at <provider>, and not dropped in silence
    When the team tries to ask <provider> about the manual, cached in the way of <another provider>
    Then the request is refused as unsupported by <provider>
    And nothing was sent

    Examples: each provider with the way of another
      | provider  | another provider |
      | Anthropic | OpenAI           |
      | Gemini    | Anthropic        |
