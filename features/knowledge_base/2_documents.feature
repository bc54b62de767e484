@knowledge_base
Feature: Documents in a store
  What a team puts into a store is cut into pieces and indexed, which takes a while. From then on it is counted,
  listed and found, until it is taken out again.

  @KB-02
  Scenario Outline: Three documents are taken in, counted and found at <provider>
    Given the team has a store at <provider>
    When the team adds "bees.txt", "chess.txt" and "bread.txt" to the store, and waits
    Then the store counts 3 documents, all of them ready
    And the store is as large as its documents together
    And every document has kept its name
    And each of the documents is found at once

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-02
  Scenario Outline: A document without any text fails alone at <provider>, and is named
    Given the team has a store at <provider>
    When the team adds "bees.txt", "blank.txt" and "bread.txt" to the store, and waits
    Then the store counts 2 documents that are ready and 1 that failed
    And the team is told that "blank.txt" failed

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-02 @simulator_only
  Scenario Outline: Documents at <provider> are being indexed until the wait is over
    A provider may have indexed three short documents before anybody looks.

    Given the team has a store at <provider>
    When the team adds "bees.txt", "chess.txt" and "bread.txt" to the store
    Then the store counts 3 documents, and all of them are being indexed
    When the team waits until they are indexed
    Then the store counts 3 documents, all of them ready

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-02
  Scenario Outline: An empty file is refused before it leaves for a store at <provider>
    Given the team has a store at <provider>
    When the team tries to add "empty.txt" to the store
    Then the request is refused as invalid, naming "empty.txt"
    And nothing was sent
    And the store lists no documents

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-02 @provider:OpenAI
  Scenario: A picture is not taken into a store at OpenAI
    Given the team has a store at OpenAI
    And the team has uploaded "sample.png" to OpenAI, to be searched
    When the team tries to take the stored file into the store
    Then OpenAI refuses the request as invalid, in its own words
    And the refusal names the stored file by its id
    And the store lists no documents

  @KB-02 @provider:OpenAI
  Scenario: A picture among documents that OpenAI takes in together fails alone, and is named
    Given the team has a store at OpenAI
    And the team has uploaded "bees.txt", "sample.png" and "bread.txt" to OpenAI, to be searched
    When the team takes the stored files into the store together, and waits
    Then the store counts 2 documents that are ready and 1 that failed
    And the team is told that the stored file "sample.png" failed, because its kind is not supported

  @KB-03
  Scenario Outline: <provider> is asked for pieces of the size that the team wants
    Given the team has a store at <provider>
    When the team adds "thousand-words.txt" in pieces of 200 tokens that share 50, and waits
    Then <provider> was asked for pieces of 200 tokens that share 50
    And every passage that is found stands in the document, and is no longer than a piece

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-03 @provider:OpenAI
  Scenario: OpenAI says how a document was cut
    Given the team has a store at OpenAI
    When the team adds "thousand-words.txt" in pieces of 200 tokens that share 50, and waits
    Then the document says that it was cut into pieces of 200 tokens that share 50

  @KB-03 @simulator_only
  Scenario Outline: A thousand tokens make 7 pieces of 200 tokens that share 50 at <provider>
    No provider shows the pieces, and none counts tokens as the other does.

    Given the team has a store at <provider>
    When the team adds "thousand-words.txt" in pieces of 200 tokens that share 50, and waits
    Then the document was cut into 7 pieces, none above 200 tokens
    And neighbouring pieces share 50 tokens
    And put together the pieces are the whole document

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-03
  Scenario Outline: Pieces of <size> tokens that share <shared> are refused at <provider>
    Given the team has a store at <provider>
    When the team tries to add "bees.txt" in pieces of <size> tokens that share <shared>
    Then the request is refused as invalid, naming the <field>
    And nothing was sent

    Examples: too small, too large, and more shared than not
      | provider | size | shared | field      |
      | OpenAI   | 99   | 10     | piece size |
      | OpenAI   | 4097 | 10     | piece size |
      | OpenAI   | 200  | 101    | overlap    |
      | Gemini   | 20   | 5      | piece size |
      | Gemini   | 513  | 5      | piece size |

  @KB-05
  Scenario Outline: A stored file is taken into the right store at <provider>, with what is known of it
    Given the team has two stores at <provider>
    And the team has uploaded "bees.txt" to <provider>, to be searched
    When the team takes the stored file into the first store, as "nature" of 2019, and waits
    Then the store lists it once, as "nature" of 2019
    And the second store is empty

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-05
  Scenario Outline: What a file says is found at <provider> only once the file is in the store
    Given the team has a store at <provider> with "chess.txt"
    And the team has uploaded "bees.txt" to <provider>, to be searched
    When the team searches the store for "How do honey bees tell each other where nectar is?"
    Then no passage has the words "waggle dance"
    When the team takes the stored file into the store, as "nature" of 2019, and waits
    And the team searches the store for "How do honey bees tell each other where nectar is?"
    Then the first passage is from "bees.txt" and has the words "waggle dance"

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-05 @provider:OpenAI
  Scenario: A file that is taken in twice is in the store once
    Given the team has a store at OpenAI
    And the team has uploaded "bees.txt" to OpenAI, to be searched
    When the team takes the stored file into the store, as "nature" of 2019, and waits
    And the team takes the stored file into the store, as "nature" of 2019, and waits
    Then the file's id was sent under its name
    And the store lists it once, as "nature" of 2019

  @KB-05
  Scenario Outline: A file that <provider> never had cannot be taken into a store, nor a file into a store it never had
    Given the team has a store at <provider>
    And the team has uploaded "bees.txt" to <provider>, to be searched
    When the team tries to take a file that <provider> never had into the store
    Then the request is refused because <provider> has no such file
    When the team tries to take the stored file into a store that <provider> never had
    Then the request is refused because <provider> has no such store

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-08 @provider:OpenAI
  Scenario: What is known of a document is replaced, and the document is not indexed again
    Given the team has a store at OpenAI with "bees.txt"
    When the team files the document under the category "farming" alone
    Then the document is filed under the category "farming" and nothing else
    And the document is ready, as large as before, and has its id
    And it is found under "farming" and no longer under "nature"

  @KB-08 @provider:OpenAI
  Scenario Outline: <too much> is more than OpenAI keeps of a document
    Given the team has a store at OpenAI with "bees.txt"
    When the team tries to file the document with <too much>
    Then the request is refused as invalid, naming the attributes
    And nothing was sent

    Examples: too many, and too long
      | too much                    |
      | 17 keys                     |
      | a value of 513 characters   |

  @KB-08 @provider:OpenAI
  Scenario: A document that the store never had cannot be filed
    Given the team has a store at OpenAI
    When the team tries to file a document that the store never had
    Then the request is refused because OpenAI has no such document

  @KB-08 @provider:Gemini
  Scenario: Gemini cannot change what is known of a document, and the team is told what to do instead
    Given the team has a store at Gemini with "bees.txt"
    When the team tries to file the document under the category "farming" alone
    Then the request is refused as unsupported by Gemini
    And the refusal speaks of "delete" and "upload"
    And nothing was sent

  @KB-09 @provider:OpenAI
  Scenario: A document that is taken out of a store at OpenAI is not found any more, and its file stays
    Given the team has a store at OpenAI with "bees.txt" and "chess.txt"
    When the team takes "bees.txt" out of the store
    Then OpenAI confirms that "bees.txt" is taken out
    And the store counts 1 document, and it is ready
    And a search for "How do honey bees tell each other where nectar is?" finds nothing of "bees.txt"
    And a search for "When may a pawn be captured en passant?" still finds "chess.txt"
    And the stored files are still there

  @KB-09 @provider:OpenAI
  Scenario: The file of a document that was taken out at OpenAI goes only when it is deleted by itself
    Given the team has a store at OpenAI
    And the team has uploaded "bees.txt" to OpenAI, to be searched
    When the team takes the stored file into the store, as "nature" of 2019, and waits
    And the team takes "bees.txt" out of the store
    Then the stored files are still there
    When the team deletes the file
    Then the file can no longer be read

  @KB-09 @provider:Gemini
  Scenario: A document of Gemini's is deleted only by force, and then it is gone
    Given the team has a store at Gemini with "bees.txt" and "chess.txt"
    When the team tries to take "bees.txt" out of the store
    Then the request is refused because of what the document holds
    When the team takes "bees.txt" out of the store by force
    Then "bees.txt" is not in the store any more
    And the store counts 1 document, and it is ready
    And a search for "When may a pawn be captured en passant?" still finds "chess.txt"

  @KB-09
  Scenario Outline: A document cannot be taken out of a store at <provider> twice
    Given the team has a store at <provider> with "bees.txt"
    When the team takes "bees.txt" out of the store by force
    And the team tries to take "bees.txt" out of the store
    Then the request is refused because <provider> has no such document

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-10
  Scenario Outline: An empty store at <provider> lists nothing, and has no second page
    Given the team has a store at <provider>
    When the team turns the pages of the store's documents, 2 a page
    Then there is one page, with nothing on it

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-10
  Scenario Outline: Five documents at <provider> fill three pages of two, each once
    Given the team has a store at <provider> with five documents
    When the team turns the pages of the store's documents, 2 a page
    Then the pages have 2, 2 and 1 documents
    And the team's own walk through all pages lists each of the 5 documents once, as it is described by itself

    Examples: providers that keep stores
      | provider |
      | OpenAI   |
      | Gemini   |

  @KB-10 @provider:OpenAI
  Scenario: Documents are listed by whether they are ready or failed
    Given the team has a store at OpenAI
    When the team adds "bees.txt", "blank.txt" and "bread.txt" to the store, and waits
    Then those that are ready are "bees.txt" and "bread.txt"
    And the one that failed is "blank.txt"

  @KB-10
  Scenario Outline: A page of <size> documents is more than <provider> gives
    Given the team has a store at <provider>
    When the team tries to list the store's documents, <size> a page
    Then the request is refused as invalid, naming the limit
    And nothing was sent

    Examples: one more than the most
      | provider | size |
      | OpenAI   | 101  |
      | Gemini   | 21   |
