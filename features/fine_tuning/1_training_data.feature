@fine_tuning
Feature: Training data
  What a model is to learn is shown by examples, a conversation each. Everything that can be wrong with them is told
  before it costs money: the line, and the reason.

  @FT-01 @provider:OpenAI
  Scenario: Examples become a training file for OpenAI without losing or changing a word
    Given 12 examples with text in four scripts
    When the team writes them as training data
    Then the file has 12 lines, each a conversation that ends with the assistant, and ends with the last of them
    And reading the file gives the examples as they were

  @FT-01 @provider:OpenAI
  Scenario: Examples are split into a part to train and a part to check, the same way each time
    Given 12 examples with text in four scripts
    When the team splits them 75 to 25, twice with the same seed
    Then the parts have 9 and 3 examples, none in both and none lost
    And the second split is the same as the first

  @FT-01 @provider:OpenAI
  Scenario: An example in which the assistant says nothing is refused, with its number
    Given 12 examples of which number 5 has no answer
    When the team tries to write them as training data
    Then the request is refused because example 5 is wrong
    And nothing was sent

  @FT-01 @provider:OpenAI
  Scenario: The tokens that are told of training data are those that OpenAI counts
    When the team asks what training on "training-12.jsonl" would take
    Then the tokens it is told are those that OpenAI counts for the examples

  @FT-02 @provider:OpenAI
  Scenario Outline: Training data with <fault> is found out before anything is sent
    When the team checks "<file>"
    Then line <line> is told to be wrong, and no other, with a reason that speaks of "<word>"
    And nothing was sent

    Examples: twelve ways to be wrong
      | fault                              | file                                   | line | word           |
      | a line that cannot be read         | training-bad-json.jsonl                | 4    | middle         |
      | a line without messages            | training-bad-no-messages.jsonl         | 5    | messages       |
      | messages that are no list          | training-bad-messages-not-list.jsonl   | 6    | list           |
      | a message without a role           | training-bad-no-role.jsonl             | 7    | role           |
      | a message of an unknown role       | training-bad-unknown-role.jsonl        | 8    | visitor        |
      | a message without content          | training-bad-no-content.jsonl          | 9    | content        |
      | an empty conversation              | training-bad-empty-list.jsonl          | 10   | empty          |
      | a conversation the user ends       | training-bad-last-not-assistant.jsonl  | 11   | assistant      |
      | a line in the form of former years | training-bad-legacy.jsonl              | 2    | prompt         |
      | a blank line                       | training-bad-blank-line.jsonl          | 6    | blank          |
      | a line that is no text             | training-bad-not-utf8.jsonl            | 3    | UTF-8          |
      | a line that is a bare list         | training-bad-array.jsonl               | 12   | object         |

  @FT-02 @provider:OpenAI @simulator_only
  Scenario Outline: OpenAI finds the same fault in <file>
    A live account may start no training any more.

    When the team has OpenAI train on "<file>", unchecked
    And the team waits for the job to end
    Then the job has failed because of the training data, and OpenAI names line <line>

    Examples: twelve ways to be wrong
      | file                                   | line |
      | training-bad-json.jsonl                | 4    |
      | training-bad-no-messages.jsonl         | 5    |
      | training-bad-messages-not-list.jsonl   | 6    |
      | training-bad-no-role.jsonl             | 7    |
      | training-bad-unknown-role.jsonl        | 8    |
      | training-bad-no-content.jsonl          | 9    |
      | training-bad-empty-list.jsonl          | 10   |
      | training-bad-last-not-assistant.jsonl  | 11   |
      | training-bad-legacy.jsonl              | 2    |
      | training-bad-blank-line.jsonl          | 6    |
      | training-bad-not-utf8.jsonl            | 3    |
      | training-bad-array.jsonl               | 12   |

  @FT-02 @provider:OpenAI
  Scenario: Of training data with two bad lines both are told
    When the team checks "training-two-bad.jsonl"
    Then lines 3 and 7 are told to be wrong, and no other
    And nothing was sent

  @FT-02 @provider:OpenAI @simulator_only
  Scenario: Training data with nothing wrong passes, here and at OpenAI
    A live account may start no training any more.

    When the team checks "training-12.jsonl"
    Then nothing is told to be wrong
    When the team has OpenAI train on "training-12.jsonl"
    And the team waits for the job to end
    Then the job has succeeded

  @FT-03 @provider:OpenAI
  Scenario: Training data is stored at OpenAI as what it is for, byte for byte
    When the team stores "training-10.jsonl" at OpenAI to train on
    Then OpenAI has the file under its name, to train on, with its size and no fault
    And it is in the list of files to train on
    And its bytes come back unchanged

  @FT-03 @provider:OpenAI
  Scenario: A file that is no training data by its name is refused
    When the team tries to store "sample.txt" at OpenAI to train on
    Then the request is refused as invalid, naming "sample.txt"
    And nothing was sent

  @FT-10 @provider:OpenAI
  Scenario: Bad training data is refused with its lines, and nothing is sent
    When the team tries to have OpenAI train on "training-two-bad.jsonl"
    Then the request is refused because lines 3 and 7 are wrong
    And nothing was sent

  @FT-10 @provider:OpenAI @simulator_only
  Scenario: Bad training data that is sent all the same ends as a failed job, wherever it is looked at
    A live account may start no training any more.

    When the team has OpenAI train on "training-bad-no-role.jsonl", unchecked
    And the team tries to wait for the job
    Then the wait ends with the failure, naming the training file and line 7
    And the job has failed in its description, in the list and in its log
    And there is no model of it, and it has cost nothing

  @FT-11 @provider:OpenAI
  Scenario: Nine examples are too few, and nothing is sent
    When the team tries to have OpenAI train on "training-9.jsonl"
    Then the request is refused because 9 examples are not 10
    And nothing was sent

  @FT-11 @provider:OpenAI @simulator_only
  Scenario: Nine examples that are sent all the same end as a failed job
    A live account may start no training any more.

    When the team has OpenAI train on "training-9.jsonl", unchecked
    And the team waits for the job to end
    Then the job has failed because of the training data, and OpenAI names 9 and 10 examples
    And there is no model of it, and it has cost nothing

  @FT-11 @provider:OpenAI @simulator_only
  Scenario: Ten examples are enough, here and at OpenAI
    A live account may start no training any more.

    When the team checks "training-10.jsonl"
    Then nothing is told to be wrong
    When the team has OpenAI train on "training-10.jsonl"
    And the team waits for the job to end
    Then the job has succeeded
