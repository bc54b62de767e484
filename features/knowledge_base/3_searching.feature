@knowledge_base
Feature: Searching documents
  A question in plain words finds the passages that fit it best, the best first, from the documents that the team
  asked for, or nothing. OpenAI searches by itself and tells how well each passage fits; at Gemini a model is asked,
  and cites the passages that it answers from.

  @KB-06
  Scenario Outline: A question finds the document that answers it first at <provider>
    Given the team has a store at <provider> with "chess.txt", "volcanoes.txt" and "bees.txt"
    When the team searches the store for "<question>"
    Then the first passage is from "<document>" and has the words "<words>"
    And the passage comes with what is known of its document

    Examples: questions that one document alone answers
      | provider | question                                           | document      | words        |
      | OpenAI   | How do honey bees tell each other where nectar is? | bees.txt      | waggle dance |
      | OpenAI   | Why do some volcanoes explode?                     | volcanoes.txt | trapped gas  |
      | Gemini   | How do honey bees tell each other where nectar is? | bees.txt      | waggle dance |
      | Gemini   | Why do some volcanoes explode?                     | volcanoes.txt | trapped gas  |

  @KB-06
  Scenario Outline: A search at <provider> gives no more passages than were asked for, and costs what the ledger says
    Given the team has a store at <provider> with "chess.txt", "volcanoes.txt" and "bees.txt"
    When the team searches the store for "How do honey bees tell each other where nectar is?", 2 passages at most
    Then there are 1 or 2 passages
    And the ledger has charged the search what its tokens cost

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-06
  Scenario Outline: <what> is no search at <provider>
    Given the team has a store at <provider>
    When the team tries to search the store for <what>
    Then the request is refused as invalid, naming the <field>
    And nothing was sent

    Examples: an empty question, and limits that nobody has
      | provider | what                | field  |
      | OpenAI   | nothing             | query  |
      | OpenAI   | blanks              | query  |
      | OpenAI   | "bees", 0 at most   | limit  |
      | OpenAI   | "bees", 51 at most  | limit  |
      | Gemini   | nothing             | query  |
      | Gemini   | blanks              | query  |
      | Gemini   | "bees", 0 at most   | limit  |
      | Gemini   | "bees", 51 at most  | limit  |

  @KB-07 @provider:OpenAI
  Scenario: A search for one category finds that alone, though another document fits better
    Given the team has a store at OpenAI with the ten documents
    When the team searches the documents on programming for "How does a neural network learn from its mistakes?"
    Then the passages are from "compilers.txt" and "databases.txt" and no other

  @KB-07 @provider:Gemini
  Scenario: An answer of Gemini's from one category cites that alone
    Given the team has a store at Gemini with the ten documents
    When the team searches the documents on programming for "How does a database survive a crash in the middle of a transaction?"
    Then the passages are from "compilers.txt" and "databases.txt" and no other

  @KB-07 @provider:OpenAI
  Scenario: The documents are narrowed down before the best are chosen
    Given the team has a store at OpenAI with the ten documents
    When the team searches the store for "What makes sourdough bread rise?", 2 passages at most
    Then there are 2 passages, none from "compilers.txt" or "databases.txt"
    When the team searches the documents on programming for "What makes sourdough bread rise?", 2 passages at most
    Then the passages are from "compilers.txt" and "databases.txt" and no other

  @KB-07
  Scenario Outline: Documents <that> are found at <provider>, and no others
    Given the team has a store at <provider> with the ten documents
    When the team searches the documents <that>
    Then the passages are from <found> and no other

    Examples: conditions on what is known of a document
      | provider | that                             | found                                                    |
      | OpenAI   | of 2022 or later                 | "bread.txt", "databases.txt" and "neural-networks.txt"   |
      | OpenAI   | on nature before 2020            | "bees.txt" and "glaciers.txt"                            |
      | OpenAI   | on games or music                | "chess.txt" and "violins.txt"                            |
      | OpenAI   | of 2022 or later, but not on ai  | "bread.txt" and "databases.txt"                          |
      | Gemini   | of 2022 or later                 | "bread.txt", "databases.txt" and "neural-networks.txt"   |
      | Gemini   | on nature before 2020            | "bees.txt" and "glaciers.txt"                            |
      | Gemini   | on games or music                | "chess.txt" and "violins.txt"                            |
      | Gemini   | of 2022 or later, but not on ai  | "bread.txt" and "databases.txt"                          |

  @KB-07
  Scenario Outline: An unknown condition is refused before <provider> is asked
    Given the team has a store at <provider>
    When the team tries to search documents whose category is like "prog"
    Then the request is refused as invalid, naming the conditions
    And nothing was sent
    When the team tries to search documents by a list of conditions with nothing in it
    Then the request is refused as invalid, naming the conditions
    And nothing was sent

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-11
  Scenario Outline: An empty store at <provider> has no passages, which is no failure
    Given the team has a store at <provider>
    When the team searches the store for "honey"
    Then there are no passages

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-11
  Scenario Outline: A category that no document has gives no passages at <provider>
    Given the team has a store at <provider> with "bees.txt"
    When the team searches the documents on astronomy for "honey"
    Then there are no passages

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-11
  Scenario Outline: Documents of which nobody said who published them are of no publisher at <provider>
    Given the team has a store at <provider> with "bees.txt"
    When the team searches the documents of one publisher
    Then there are no passages

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-11 @provider:OpenAI
  Scenario: A question that nothing answers finds nothing that fits well
    Given the team has a store at OpenAI with the ten documents
    When the team searches the store for "Which football club won the championship in Portugal?", with a score of 0.9 at the least
    Then there are no passages
    When the team searches the store for "Which football club won the championship in Portugal?"
    Then there are passages, and each scores below 0.9

  @KB-11 @provider:Gemini
  Scenario: Gemini tells no scores, so that a search with a least score is not sent
    Given the team has a store at Gemini
    When the team tries to search the store for "honey", with a score of 0.9 at the least
    Then the request is refused as unsupported by Gemini
    And nothing was sent

  @KB-11
  Scenario Outline: An answer from documents at <provider> cites them, and one without documents does not pretend to
    Given the team has a store at <provider> with "chess.txt" and "bees.txt"
    When the team asks the store "How do honey bees tell each other where nectar is?"
    Then the answer is grounded, and cites "bees.txt" first, with the words "waggle dance"
    And the answer speaks of the "waggle dance"
    When the team asks the documents on astronomy "Which planet has the most moons?"
    Then the answer is not grounded, and cites nothing

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-11 @simulator_only
  Scenario Outline: A search that fails at <provider> is a failure, and not an empty result
    A provider does not fail when it is asked to.

    Given the team has a store at <provider> with "bees.txt"
    And <provider> answers no search from now on
    When the team tries to search the store for "honey"
    Then the request is refused because of a failure at <provider>

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-12 @provider:OpenAI
  Scenario: Every passage has a score from 0 to 1, and the best comes first
    Given the team has a store at OpenAI with the ten documents
    When the team searches the store for "How do honey bees tell each other where nectar is?"
    Then every score is from 0 to 1, and none is higher than the one before
    And not all scores are the same

  @KB-12 @provider:OpenAI
  Scenario: A higher least score never brings more passages
    Given the team has a store at OpenAI with the ten documents
    When the team searches the store for "How do honey bees tell each other where nectar is?" with rising least scores
    Then each search has the passages of the one before, without those below its least score
