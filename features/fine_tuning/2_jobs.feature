@fine_tuning
Feature: Jobs of training
  A job checks its files, waits its turn, trains and leaves a model. OpenAI has closed this to most teams and takes no
  new job from anybody after 6 January 2027; a server that still speaks it can be tried all the same.

  @FT-04 @provider:OpenAI
  Scenario: A new job at OpenAI says what it trains on, and has nothing to show yet
    When the team has OpenAI train on "training-12.jsonl"
    Then the job has an id, the model it trains and the training file, and its files are being checked
    And it tells no model, no end and no tokens yet
    And it is first in the list of jobs, and described the same there and by itself

  @FT-04 @provider:OpenAI
  Scenario Outline: OpenAI does not train <what>
    When the team tries to have OpenAI train <what>
    Then the request is refused because OpenAI does not train that
    And there is no job

    Examples: models that cannot be trained
      | what                  |
      | a model for vectors   |
      | a model for pictures  |
      | a model that nobody has |

  @FT-04 @provider:OpenAI
  Scenario Outline: No job at OpenAI starts on <what>
    When the team tries to have OpenAI train on <what>
    Then the request is refused as invalid, naming the <field>
    And there is no job

    Examples: what is wrong
      | what                                    | field         |
      | a file that nobody stored               | training_file |
      | a file that was stored for another use  | training_file |
      | a good file, with a name of 65 characters | suffix      |

  @FT-04
  Scenario Outline: <provider> trains no models for a key, and is not asked
    When the team tries to have <provider> train a model
    Then the request is refused as unsupported by <provider>
    And nothing was sent

    Examples: providers that do not train
      | provider  |
      | Anthropic |
      | Gemini    |

  @FT-04 @provider:OpenAI @simulator_only @on:2027-01-05
  Scenario: From 6 January 2027 on OpenAI starts no job for anybody
    Only a simulator can go to that day.

    When the team has OpenAI train on "training-12.jsonl"
    Then there is 1 job
    When 1 day passes
    And the team tries to have OpenAI train on "training-12.jsonl" once more
    Then the request is refused as retired since 6 January 2027
    And the job from before goes on to its end

  @FT-05 @provider:OpenAI @simulator_only
  Scenario: A job that is cancelled at once stays cancelled, makes no model and costs nothing
    Nobody waits a day for a test.

    Given OpenAI trains on "training-12.jsonl" for the team
    When the team cancels the job
    Then the job is cancelled, and its log says so
    When 1 day passes
    Then the job is cancelled, and its log says so
    And there is no model of it, and it has cost nothing

  @FT-05 @provider:OpenAI
  Scenario: A cancelled job cannot be cancelled again
    Given OpenAI trains on "training-12.jsonl" for the team
    When the team cancels the job
    And the team tries to cancel the job
    Then the request is refused because the job has ended

  @FT-05 @provider:OpenAI
  Scenario Outline: A job that nobody started cannot be <done>
    When the team tries to have a job that nobody started <done>
    Then the request is refused because there is no such job

    Examples: all that can be done with a job
      | done      |
      | cancelled |

  @FT-06 @provider:OpenAI
  Scenario: Five jobs are listed newest first, two a page, each once
    Given OpenAI trains on "training-12.jsonl" for the team, 5 times
    Then a walk through the jobs, 2 a page, meets each of the 5 once, newest first
    And each is listed in the state in which it is described

  @FT-06 @provider:OpenAI @simulator_only
  Scenario: A list of jobs tells how they are now
    Nobody waits for training in a test.

    Given OpenAI trains on "training-12.jsonl" for the team
    When 2 minutes pass
    Then each is listed in the state in which it is described
    And the whole list of jobs has the team's 1 job

  @FT-06 @provider:OpenAI
  Scenario: Jobs can be looked for by what is filed with them
    Given OpenAI trains on "training-12.jsonl" for the team, filed under "case" as "A-17"
    And OpenAI trains on "training-12.jsonl" for the team, filed under "case" as "B-4"
    Then the jobs filed under "case" as "A-17" are the first one alone

  @FT-06 @provider:OpenAI @simulator_only
  Scenario: An account without jobs lists none
    A live account may have some.

    When the team lists its jobs
    Then there are none

  @FT-06 @provider:OpenAI
  Scenario: A list of jobs that begins after a job that nobody started is refused
    When the team tries to list what follows a job that nobody started
    Then the request is refused as invalid, naming the after

  @FT-07 @provider:OpenAI @simulator_only
  Scenario: A job goes from checking to waiting to training to success, and keeps what it was started with
    How long training takes is the simulator's to say.

    When the team has OpenAI train on "training-12.jsonl" with every option chosen
    Then after 0, 30, 90 and 600 seconds it is checking files, waiting, training and done
    And it told when it had ended only then, and when it would only while training
    And it kept its model, its files and its options all the time

  @FT-07 @provider:OpenAI
  Scenario: A job that nobody started is not found
    When the team tries to have a job that nobody started described
    Then the request is refused because there is no such job

  @FT-08 @provider:OpenAI @simulator_only
  Scenario: The log of a job tells of its files, its start, its steps and its end
    How long training takes is the simulator's to say.

    Given OpenAI trains on "training-12.jsonl" for the team
    When the team follows the log of the job
    Then each line of the log came once, in the order of its time
    And it tells of the creation, the files, the start, 3 or more steps with a loss, and the end

  @FT-08 @provider:OpenAI @simulator_only
  Scenario: The log of a job can be read page by page
    How long training takes is the simulator's to say.

    Given OpenAI has trained on "training-12.jsonl" for the team
    When the team walks through the log, 2 lines a page
    Then each line of the log came once, newest first

  @FT-08 @provider:OpenAI @simulator_only
  Scenario: The log of a job that fails says why
    A live account may start no training any more.

    When the team has OpenAI train on "training-bad-no-role.jsonl", unchecked
    And the team waits for the job to end
    Then its log has a line of the level "error" that names line 7

  @FT-08 @provider:OpenAI
  Scenario: A job that nobody started has no log, and is asked for once
    When the team tries to follow the log of a job that nobody started
    Then the request is refused because there is no such job
    And the request was sent once

  @FT-12 @provider:OpenAI
  Scenario: The options of a job are those that were chosen
    When the team has OpenAI train on "training-12.jsonl" with every option chosen
    Then each option is described as it was chosen
    And the options went along as a method, not in the form of former years

  @FT-12 @provider:OpenAI
  Scenario: The options of a job that nobody chose are OpenAI's to choose
    When the team has OpenAI train on "training-12.jsonl"
    Then no option is described as chosen

  @FT-12 @provider:OpenAI
  Scenario Outline: <option> of <value> is refused, and not changed into another
    When the team tries to have OpenAI train with <option> of <value>
    Then the request is refused as invalid, naming the <option>
    And nothing was sent

    Examples: what is out of range
      | option                   | value |
      | n_epochs                 | 0     |
      | n_epochs                 | 51    |
      | batch_size               | 0     |
      | learning_rate_multiplier | -1    |

  @FT-12 @provider:OpenAI
  Scenario: Training by preference takes pairs of answers, and a weight for the worse ones
    When the team checks "training-preference.jsonl" as preferences
    Then nothing is told to be wrong
    When the team has OpenAI train on "training-preference.jsonl" by preference, with a beta of 0.2
    Then the job is described as training by preference, with a beta of 0.2

  @FT-12 @provider:OpenAI
  Scenario: Training by reinforcement without somebody to grade is refused
    When the team tries to have OpenAI train by reinforcement, with nobody to grade
    Then the request is refused as invalid, naming the grader
    And nothing was sent

  @FT-12 @provider:OpenAI @simulator_only
  Scenario: The name that was chosen stands in the name of the model
    A live account may start no training any more.

    Given OpenAI has trained on "training-12.jsonl" for the team, as "bdd"
    Then the model's name has "bdd" in it

  @FT-13 @provider:OpenAI @simulator_only
  Scenario: Waiting for a job ends with its success, and not before
    How long training takes is the simulator's to say.

    Given OpenAI trains on "training-12.jsonl" for the team, for 3 epochs
    When the team waits for the job to end
    Then the job has succeeded, and it took as long as training does
    And its model is named after the base and the organisation, with an id of its own, and is in the list of models
    And its tokens are those of the examples, 3 times
    And its results are a table with a row for each step
