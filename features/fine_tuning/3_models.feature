@fine_tuning
Feature: What training costs, and what it makes
  Training is paid by the token and the epoch, known beforehand. What it makes answers as it was shown, can be paid for
  by its own price, and be deleted.

  @FT-09 @provider:OpenAI
  Scenario: What training will cost is told before anything is sent to be trained
    Given the team has written 100 examples as training data
    When the team asks what training on them for 3 epochs would take
    Then the tokens it is told are those that OpenAI counts for the examples
    And it is told the tokens, 3 epochs, and the cost of both at the price of training
    And nothing was sent to be trained

  @FT-09 @provider:OpenAI @simulator_only
  Scenario: What training has cost is what was told before
    A live account may start no training any more.

    When the team asks what training on "training-12.jsonl" for 3 epochs would take
    And the team has OpenAI train on "training-12.jsonl" for 3 epochs
    And the team waits for the job to end
    Then the ledger has charged the tokens that were trained, within 1 percent of what was told

  @FT-09 @provider:OpenAI
  Scenario Outline: Training <what> is not taken for free
    When the team asks what training <what> would take
    Then the answer is that no price is known, and not that it is free
    And nothing was sent to be trained

    Examples: what has no price
      | what                      |
      | a model without a price   |
      | a model that there is not |

  @FT-09 @provider:OpenAI @budget:0.001
  Scenario: Training that costs more than is left is not begun
    When the team tries to train on "training-12.jsonl" for 50 epochs, which costs more than is left
    Then the budget refuses it, and nothing was sent to be trained

  @FT-14 @provider:OpenAI @simulator_only
  Scenario: A trained model answers as it was shown, and its base does not
    A live account may start no training any more.

    Given OpenAI has trained on "training-12.jsonl" for the team
    When the team asks the trained model about the house colour of the harbour library
    Then it answers "petrol-17", under its own name and at its own price
    When the team asks its base the same
    Then it does not answer "petrol-17"

  @FT-14 @provider:OpenAI @simulator_only
  Scenario: A model that is still being trained answers nobody
    How long training takes is the simulator's to say.

    Given OpenAI has trained on "training-12.jsonl" for the team
    And OpenAI trains on "training-12.jsonl" for the team, as "bdd"
    When the team tries to ask the model that it will be
    Then the request is refused because there is no such model

  @FT-14 @provider:OpenAI
  Scenario: A trained model that nobody has answers nobody
    When the team tries to ask a trained model that nobody has
    Then the request is refused because there is no such model

  @FT-15 @provider:OpenAI @simulator_only
  Scenario: A trained model that is deleted is gone
    A live account may start no training any more.

    Given OpenAI has trained on "training-12.jsonl" for the team
    When the team deletes the trained model
    Then the deletion names the model, and it is not in the list of models
    When the team tries to ask the trained model
    Then the request is refused because there is no such model

  @FT-15 @provider:OpenAI @simulator_only
  Scenario: Whoever may not delete a trained model is told so, and it stays
    No provider takes a right away on demand.

    Given OpenAI has trained on "training-12.jsonl" for the team
    And the team's key may not delete models
    When the team tries to delete the trained model
    Then the request is refused because the key may not
    And the trained model still answers

  @FT-15 @provider:OpenAI
  Scenario: A model of OpenAI's own cannot be deleted
    When the team tries to delete the base of all trained models
    Then the request is refused because the key may not
    And the base is still in the list of models

  @FT-15 @provider:OpenAI
  Scenario: A trained model that nobody has cannot be deleted
    When the team tries to delete a trained model that nobody has
    Then the request is refused because there is no such model
