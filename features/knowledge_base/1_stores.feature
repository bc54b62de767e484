@knowledge_base
Feature: Stores of documents
  A team keeps documents in a store where they can be searched by what they mean. OpenAI calls it a vector store,
  Gemini a File Search store; Gemini's older corpora are gone for teams with a key.

  @KB-01
  Scenario Outline: A new store at <provider> is empty, has its name and can be found again
    When the team makes a store called "Company handbook" at <provider>
    Then <provider> has the store under its name, ready and with no documents
    And the store is in the list of stores

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-01 @provider:OpenAI
  Scenario: A store that is to expire 7 days after its last use says when that is
    When the team makes a store at OpenAI that expires 7 days after its last use
    Then the store expires 7 days after its last use

  @KB-01 @provider:OpenAI @simulator_only
  Scenario: A store that nobody has used for 7 days has expired, and is not searched any more
    Nobody waits a week for a test.

    Given the team has made a store at OpenAI that expires 7 days after its last use
    When 6 days pass
    Then the store is still ready
    When 2 days pass
    Then the store has expired
    When the team tries to search the store for "honey"
    Then OpenAI refuses the request as invalid, in its own words

  @KB-01 @provider:OpenAI
  Scenario Outline: A store cannot expire <days> days after its last use
    When the team tries to make a store at OpenAI that expires <days> days after its last use
    Then the request is refused as invalid, naming the expiry
    And nothing was sent

    Examples: what is no time to come, and more than a year
      | days |
      | 0    |
      | -1   |
      | 366  |

  @KB-13 @provider:Gemini
  Scenario: A store at Gemini is made, described, listed and deleted with nothing but a key
    When the team makes a store called "Company handbook" at Gemini
    Then Gemini has the store under its name, ready and with no documents
    And the store is in the list of stores
    And only the team's key went along
    When the team deletes the store
    Then the store is gone

  @KB-13 @provider:Gemini
  Scenario: Three stores at Gemini are listed two a page, each once
    Given the team has three stores at Gemini
    Then the team's own walk through the stores, 2 a page, lists each of the three once

  @KB-13 @provider:Gemini
  Scenario: A store at Gemini with documents is deleted only by force
    Given the team has a store at Gemini with "bees.txt"
    When the team tries to delete the store
    Then the request is refused because of what the store holds
    And the document is still in the store
    When the team deletes the store by force
    Then the store is gone
    And its document is gone with it

  @KB-13 @provider:Gemini
  Scenario: A store that Gemini never had cannot be described
    When the team tries to describe a store that Gemini never had
    Then the request is refused because Gemini has no such store

  @KB-13 @provider:Gemini
  Scenario: A name of 513 characters is too long for a store
    When the team tries to make a store with a name of 513 characters at Gemini
    Then the request is refused as invalid, naming the name
    And nothing was sent

  @KB-13 @provider:Gemini
  Scenario: Who asks for Gemini's old corpora is told what they needed and what took their place
    When the team tries to use the corpora of Gemini
    Then the request is refused as unsupported by Gemini
    And the refusal speaks of "File Search stores" and "OAuth2"
    And nothing was sent

  @KB-14 @provider:OpenAI
  Scenario: A store's name and its life can be changed, and its notes stay
    Given the team has made a store at OpenAI that expires 7 days after its last use, with the note "owner" "press office"
    When the team renames the store to "Archive" and lets it expire 14 days after its last use
    Then OpenAI has the store under the name "Archive", with the note "owner" "press office"
    And the store expires 7 days later than before

  @KB-14 @provider:OpenAI
  Scenario: A deleted store cannot be described or searched, and its files are still there
    Given the team has a store at OpenAI with "bees.txt"
    When the team deletes the store
    Then OpenAI confirms that the store is deleted
    And the store is gone
    And the stored files are still there
    When the team tries to search the store for "honey"
    Then the request is refused because OpenAI has no such store

  @KB-14 @provider:OpenAI
  Scenario: Three files that are taken in together are counted together
    Given the team has a store at OpenAI
    And the team has uploaded "bees.txt", "chess.txt" and "bread.txt" to OpenAI, to be searched
    When the team takes the stored files into the store together, and waits
    Then the batch counts 3 documents, all of them ready, and has an id of its own
    And the store lists all 3

  @KB-14 @provider:OpenAI
  Scenario: Three stores at OpenAI are listed two a page, each once
    Given the team has three stores at OpenAI
    Then the team's own walk through the stores, 2 a page, lists each of the three once

  @KB-14 @provider:OpenAI
  Scenario: A batch that the store never had cannot be described
    Given the team has a store at OpenAI
    When the team tries to describe a batch that the store never had
    Then the request is refused because OpenAI has no such batch

  @KB-14 @provider:OpenAI
  Scenario: A store that OpenAI never had cannot be described
    When the team tries to describe a store that OpenAI never had
    Then the request is refused because OpenAI has no such store
