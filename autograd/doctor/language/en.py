"""The doctor's messages in English."""

MESSAGES = {
    # how sentences are put together
    "comma": ", ",
    "list": "{before} and {last}",
    "nothing": "nothing",
    "between_sentences": " ",
    "stop": ".",
    "lines_one": "line {number}",
    "lines_many": "lines {numbers}",
    # the report on a script
    "headline": "{name}: {text}",
    "lines_wrong_one": "one line is wrong.",
    "lines_wrong_many": "{count} lines are wrong.",
    "no_mistake": "no mistake found.",
    "no_mistake_in_part": "no mistake in what could be judged; about {names} one cannot tell.",
    "no_line_but_apart": "no line of the gradient is wrong, but inputs and targets are in different orders.",
    "no_line_but_factor": "no line is wrong by itself, but all steps are {factor} times the gradient of the loss.",
    "finding": "✗ line {line}: {code}",
    "finding_titled": "{name}: {says}",
    "unused": "No step uses it.",
    "write": "write: {line}",
    "write_instead": "Write instead:",
    "should": "It should be {should}.",
    "note": "Note: {note}",
    "loss_after": "loss after",
    "question_mistake": "Is there a mistake in the code?",
    "question_why": "Why does it not fit?",
    "question_fits": "Does it fit?",
    "training_title": "The training, before and after",
    "graph_title": "The graph of the loss",
    "graph_reads": "One loss, with the gradient that is right at each value. A thick border and ⚠: what the script computes for it is wrong.",
    "source_title": "The source",
    "of_the_training": "{share} of the training",
    "at_the_end": "{name}: {loss} at the end",
    "curves_label": "the loss over the training",
    "against_loss": "the loss in line {line} ({text})",
    "against_sum": "the sum of {loss} and {share} times that in line {line} ({text})",
    "against_squares": "the error of squares",
    "against_entropy": "the error of a cross-entropy",
    "against_hinge": "a hinge loss",
    "against_likelihood": "the error of a likelihood whose variance follows from the mean (Poisson, gamma, probit)",
    "against_errors": "a loss that grows with each error as the script's own derivative of it does",
    "evidence": "Judged against {loss}, with {names} at {points} different places.",
    "evidence_here": "Judged against {loss}, with {names} as they were in one step.",
    "evidence_tried": "Judged against {loss}, with {names} at {points} different places; every line to write instead was "
    "run in the place of the old one.",
    "stopped_itself": "the script itself stopped with {error}.",
    "writes": "the script writes {files}; here nothing of it was kept.",
    "writes_more": "the script writes {files} and more; here nothing of it was kept.",
    "run_as_is": "as it is",
    "run_repaired": "repaired",
    "run_partly": "with {lines} repaired",
    "run_repaired_and": "repaired, {name}",
    "run_rate": "learning rate {rate}",
    "run_shuffled": "shuffled",
    "run_anew": "weights drawn anew",
    "run_longer": "{times} times as many epochs",
    "report_saved": "The report is in {file}.",
    # is it wrong?
    "yes_wrong_one": "Yes: one line is wrong, {lines}.",
    "yes_wrong_many": "Yes: {count} lines are wrong, {lines}.",
    "unexplained_one": "{names} does not follow the gradient of the loss either (updated in {lines}); no single line "
    "explains it.",
    "unexplained_many": "{names} do not follow the gradient of the loss either (updated in {lines}); no single line "
    "explains it.",
    "right_gradients": "No mistake found: the gradient of {names} is right.",
    "nothing_to_say": "Nothing can be said.",
    "note_differences": "the loss could not be recorded ({why}), so the right gradients were taken by central "
    "differences of the loss: mistakes are found, and seldom named",
    "why_buffers": "it writes into arrays and loses its graph there",
    "other_rate": "every block moves {scale} times lr × its gradient: that is plain gradient descent with "
    "another rate (a schedule, an average, or the first step of a momentum)",
    "style_rounded": "it agrees to {error}, which is as near as {why} comes",
    "half_precision": "half precision",
    "single_precision": "single precision",
    "differences_inside": "differences, or single precision inside,",
    "style_cut_step": "the step is cut off at ±{limit}, and right where it is smaller",
    "style_cut_gradient": "the gradient is cut off at ±{limit}, and right where it is smaller",
    "style_short_step": "the step has the right direction, and is made shorter where it is too long",
    "style_short_gradient": "the gradient has the right direction, and is made shorter where it is too long",
    "style_decay": "the step follows the gradient and shrinks the weights: weight decay {decay}",
    "style_signs": "every number moves equally far downhill: the first step of Adam, or one like it",
    "style_downhill": "the gradient is right and the step goes downhill, though it is not plain gradient descent",
    "source_tried": "tried: gradient descent from the same start",
    "usual_one_shape": "predictions and targets of one shape",
    "usual_stable": "below 2 / curvature",
    "usual_like": "changing it should make little difference",
    "tried_shapes": "predictions of shape {prediction} and targets of shape {target} differ in shape, so numpy makes "
    "{n} × {n} differences of them. The loss is {here}; with targets of shape {other} it is {column}. Give both one shape.",
    "try_as_planned": "{steps} steps with the learning rate {lr} take the loss from {start} to {after}.",
    "try_in_longer_steps": "{planned} steps with the learning rate {lr}, tried as {steps} longer ones, take the loss from "
    "{start} to {after}.",
    "try_at_any_rate": "{steps} steps, with the best of three learning rates, take the loss from {start} to {after}.",
    "try_diverges": "infinity",
    "try_instead": "With {change}: {loss}.",
    "try_also": "What else helps: {others}.",
    "try_rate": "the learning rate {rate}",
    "try_inputs": "inputs standardised to mean 0 and deviation 1",
    "try_start": "weights drawn anew at random, of the usual size",
    "try_inputs_start": "inputs standardised and weights drawn anew",
    "try_targets": "targets standardised to mean 0 and deviation 1",
    "try_shuffled": "the samples shuffled in every epoch",
    "try_limit": "At the start the largest stable rate is 2 / curvature = {limit} (power steps on Hessian-vector products).",
    "start_zero": "All of {name} is 0 at the start.",
    "start_alike": "All of {name} is {value} at the start, so its units compute the same and stay the same.",
    "start_size": "At the start {name} has the deviation {size}; usual is about {usual}.",
    "inputs_are": "The inputs lie between {low} and {high}: scale them to about -1 to 1.",
    "e_constant_targets": "all samples have the same target, {value}: there is nothing to learn but a constant",
    "e_unrelated": "nearest neighbours and a linear regression predict these targets from these inputs no better than targets "
    "dealt out at random: were inputs and targets shuffled apart?",
    "usual_related": "better than by chance",
    "source_permutation": "permutation test, level 0.1",
    "e_data_not_finite": "{what} holds {count} numbers that are NaN or infinite: remove or replace them before training",
    "e_no_gradient": "no gradient reaches {name}, neither here nor with other weights: the loss does not depend on it",
    "usual_reached": "not zero in all blocks",
    "source_graph": "the recorded graph",
    "check_data not finite": "data not finite",
    "e_accuracy": "{percent} % of the classes are right; always the most frequent one would be {common} %",
    "usual_accuracy": "above the most frequent class",
    "source_majority": "accuracy of the most frequent class",
    "part_of_batch": "part {number} of the batch",
    "own_failure": "The doctor itself failed ({error}: {text}, in {place}). That says nothing about the script; please "
    "report it, with the script.",
    "no_verdict": "the doctor did not come to a verdict in {seconds} seconds: each step of the training computes too many "
    "numbers one by one. Try it with fewer samples.",
    "no_known_loss": "About {names} one cannot tell: the steps follow the gradient of no loss that was found, and no "
    "single line was found that explains that. Perhaps it is no gradient descent; or name the loss, or its line, with --loss.",
    "no_line": "About {names} (updated in {lines}) one cannot tell: the steps do not follow the gradient of any loss that "
    "was found, and no single line was found that explains that. Perhaps they are not meant to; or name the loss, or its line, with "
    "--loss.",
    "right_besides": "The gradient of {names} is right.",
    "softmax_of_one": "line {line} ({text}) gives 1 whatever the weights are: a softmax of one output divides it by itself. So the "
    "loss does not depend on {names}. Two classes need two outputs, or one with a sigmoid.",
    "gradient_of_something": "They are the gradient of some function, though: their derivative is symmetric, as that of "
    "every gradient is.",
    "gradient_of_nothing": "With one learning rate for all, they are the gradient of no function at all (their "
    "derivative is not symmetric): something is left out of them, on purpose or not, or the step is not a plain one.",
    "gradient_of_another": "About {names} one cannot tell: the steps are the gradient of a function (their derivative is "
    "symmetric, as that of every gradient is), but not of what line {line} computes ({text}). If that is what should "
    "become small, the gradient is another loss's; if it is there to be watched only, name the loss, or its line, with "
    "--loss.",
    "cannot_tell": "About {names} one cannot tell: the gradient was zero wherever it was looked at.",
    "cannot_tell_beside": "About {names} one cannot tell: no loss that was found depends on that.",
    "another_loss": "It is not the loss of all: the steps of {names} go along another one, that of line {line} ({text}), and "
    "what lowers the one may raise the other.",
    "not_followed": "About {names} one cannot tell: every step changes {names}, and how that follows from the loss could not "
    "be seen.",
    "rule_decay": "The step also shrinks the weights (weight decay).",
    "rule_aligned": "The errors go back through fixed random weights, not through those of the forward pass: that is "
    "feedback alignment, which trains the lower layers without their gradient.",
    "rule_truncated": "Backpropagation through time is cut after some steps: what lies further back is left out.",
    "unread": "The steps change {names} too, and no line of the forward pass reads {names}: another name may be meant there.",
    "rule_in-turn": "The factors of a product take turns: line {line} reads {block} for the gradient of the other, and "
    "{block} is updated before that, in line {update}. With small steps that does little harm; a copy of {block}, taken "
    "before line {update} and read in line {line}, would be exact.",
    "rule_momentum": "The step is not plain gradient descent: momentum {decay} fits.",
    "rule_adam": "The step is not plain gradient descent: Adam's rule fits, with the decays {decay} and {other}.",
    "rule_nadam": "The step is not plain gradient descent: it follows the gradient and a running mean of it, divided by the "
    "root of a running mean of squares, decays {decay} and {other}, as in Nadam.",
    "rule_rmsprop": "The step is not plain gradient descent: it is divided by the root of a running mean of squared "
    "gradients, decay {decay}, as in RMSprop.",
    "rule_adagrad": "The step is not plain gradient descent: it is divided by the root of the sum of all squared "
    "gradients, as in Adagrad.",
    "rule_cut": "The step is not plain gradient descent: what the gradients have beyond ±{limit} is cut off.",
    "rule_scaled": "The step is not plain gradient descent: the gradients are scaled by their norm, as clipping does "
    "where it is large.",
    "rule_adaptive": "The step is not plain gradient descent (momentum, an adaptive rate, the curvature or "
    "clipping, say), and goes downhill.",
    "fatal_step_one": "Fatal is the step: {lines} changes its parameter without the gradients that the script "
    "computes.",
    "fatal_step_many": "Fatal is the step: {lines} change the parameters without the gradients that the script "
    "computes.",
    "idle_repair": "Repairing {lines} alone would leave the training as it is, number for number, because no step reads "
    "that gradient.",
    "left_in_each": "{loss} with line {line}",
    "left_in": "With everything repaired the loss ends at {best}. With one wrong line left in it ends at {each}.",
    "left_in_setting": "With everything repaired the loss ends at {best} with {setting}. With one wrong line left in it "
    "ends at {each}.",
    "left_in_lower": "That it ends lower with {lines} left wrong proves nothing: such steps do not follow the gradient.",
    "spoils_one": "So {lines} is enough to spoil the training alone.",
    "spoils_many": "So {lines} are each enough to spoil the training alone.",
    "spoils_mean_one": "So {lines} is enough to spoil the training alone (always predicting the mean gives {mean}).",
    "spoils_mean_many": "So {lines} are each enough to spoil the training alone (always predicting the mean gives "
    "{mean}).",
    # why does it not fit?
    "no_cure": "Not asked (--no-cure).",
    "no_curve": "The loss of a whole training could not be read, so there is nothing to compare.",
    "cannot_repair": "Not every line to write instead is known, so the training could not be run with all of them repaired.",
    "fits_as_is": "As it is, it fits: nothing else stands in the way.",
    "fits_repaired": "Repaired, it fits: nothing else stands in the way.",
    "training_stops": "The training as it is stops with {error}.",
    "crossed_shapes": "In {lines} the shapes {one} and {other} are subtracted and give {both}: every prediction is compared "
    "with every target, so the best it can learn is their mean. Bring the targets into the shape of the predictions, with "
    "targets.reshape(predictions.shape).",
    "loss_goes": "The loss goes from {first} to {last}.",
    "loss_goes_both": "The loss goes from {first} to {last} as the script is, and from {first_repaired} to "
    "{last_repaired} {name}.",
    "rises_repaired": "Repaired it rises, and as the script is it falls: perhaps the learning rate is too large for the "
    "right steps; if a smaller one does not help, what is to be written is not what was meant.",
    "falling_loss": "A falling loss proves nothing: here the wrong steps lower it further than the right ones.",
    "baseline": "Always predicting the mean of the targets would give {mean}.",
    "no_better": "What was tried besides does not make it much better: {tried}.",
    "better_then_nan": "With {name} the loss falls to {low}, where it is {last} at the end as it is; at step {step} it "
    "becomes infinite or NaN then, as the logarithm of 0 or a step too long does.",
    "apart": "Line {line} ({code}) puts the inputs into another order, and the targets that line {other} compares their "
    "predictions with stay in theirs: each input is judged by the target of another one. Put both into the same order.",
    "fact_constant": "All targets are the same, {value}: there is nothing to learn but a constant.",
    "fact_range": "The targets lie between {low} and {high}, but what line {line} computes lies between {least} and {most}: "
    "the others cannot be reached. Scale the targets, or leave the last activation out.",
    "fact_unrelated": "Nearest neighbours and a linear regression predict these targets from these inputs no better than "
    "targets dealt out at random: were inputs and targets shuffled apart?",
    "fact_inputs": "The inputs lie between {low} and {high}: scale them first, to mean 0 and deviation 1 say.",
    "fact_dead": "In line {line}, {count} of {units} units are 0 for every sample from the start: no gradient goes through "
    "them, and they stay so. Begin with other weights and biases.",
    "fact_saturated": "In line {line} the units are at their ends from the start: their mean slope is {share} % of the "
    "largest, so hardly any gradient goes through. Begin with smaller weights, or scale the inputs.",
    "fact_linear": "The model is linear in its inputs, and the best linear function of them explains {share} % of the variance "
    "of the targets: no weights will do. It needs a hidden layer, or products of inputs.",
    "fact_units": "The layer of line {line} has {units} units, too few perhaps: 100 with random weights explain {share} % of "
    "the variance of the targets of samples left out.",
    "at_floor": "It has come to rest: from {share} % of the training on the loss hardly changes, and what was tried ends no "
    "lower: {tried}. What is left may be what this network and this loss allow: noise in the targets, a penalty, or what the "
    "network cannot express.",
    "reaches_floor": "The same inputs come with different targets, so nothing that is computed from them can get below {floor}: "
    "it fits as well as these samples allow.",
    "above_floor": "The same inputs come with different targets, so nothing that is computed from them can get below {floor}.",
    "repaired_goes": "{name}, the loss goes from {first} to {last}.",
    "longer_untried": "Whether more steps would do was not tried: there was no time for it.",
    "at_rest": "In the last third of the training it hardly changes any more: more steps would not make it better.",
    "own_samples": "What happens in a step is drawn at random by what the parameters give, so each run has samples of its "
    "own, and the losses of two runs cannot be compared.",
    "tried_rate": "other learning rates",
    "tried_order": "another order of the samples",
    "tried_start": "weights drawn anew",
    "tried_longer": "more epochs",
    "start_matters": "The weights that it begins with matter: with weights drawn anew, of the deviation sqrt(2 / (inputs + "
    "outputs)), the loss ends at {after} in place of {before}.",
    "too_few_steps": "It has too few steps: with {times} times as many epochs the loss ends at {after} in place of {before}.",
    "seldom": "Line {line} runs in {count} of {turns} turns of its loop only: it stands inside the if of line {condition}.",
    "runs_off": "At step {step} a parameter becomes infinite or NaN: the training has run off.",
    "not_to_its_end": "Only its first {steps} steps were followed, for {seconds} seconds: there was no time for more.",
    "loss_is_of_squares": "The loss that is shown is half the mean square of the errors in line {line}.",
    "loss_is_of_entropy": "The loss that is shown is the mean cross-entropy whose error line {line} computes.",
    "loss_is_minus": "The loss is minus what line {line} computes ({text}).",
    "first_training": "The script trains several times; this is the first training.",
    "goes_up": "What line {line} computes ({text}), and the steps raise, goes from {first} to {last}.",
    "mean_goes": "The loss, a mean over each tenth of the training, goes from {first} to {last}.",
    "mean_goes_both": "The loss, a mean over each tenth of the training, goes from {first} to {last} as the script is, and "
    "from {first_repaired} to {last_repaired} {name}.",
    "rate_too_small": "The learning rate {rate} is too small for this many steps: with {best}, {factor} times larger, the "
    "loss ends at {after} in place of {before}.",
    "rate_too_large": "The learning rate {rate} is too large for this many steps: with {best}, {factor} times smaller, "
    "the loss ends at {after} in place of {before}.",
    "rate_too_small_shuffled": "The learning rate {rate} is too small for this many steps: with {best}, {factor} times "
    "larger, the loss ends at {after} in place of {before} (both shuffled).",
    "rate_too_large_shuffled": "The learning rate {rate} is too large for this many steps: with {best}, {factor} times "
    "smaller, the loss ends at {after} in place of {before} (both shuffled).",
    "order_sorted": "The samples come one at a time in sorted order ({text} only grows), so each stretch of the training "
    "makes the network forget the one before: at the learning rate {rate} the loss ends at {before} in this order and at "
    "{after} with the same samples shuffled once.",
    "order_fixed": "The samples come in a fixed order, so each stretch of the training makes the network forget the one "
    "before: at the learning rate {rate} the loss ends at {before} in this order and at {after} with the same samples "
    "shuffled once.",
    "two_reasons_alone": "Two things keep it from fitting, and both count.",
    "two_reasons": "Two things besides the mistakes keep it from fitting, and both count.",
    "best_with": "It fits best with {name}: the loss ends at {loss}.",
    "nothing_added": "Nothing was added to the network in these runs, so no missing layer or bias is what keeps it from "
    "fitting.",
    "infinite": "infinity or NaN",
    # what a line should compute
    "wanted_slope": "the slope of the activation {node} at {start}",
    "wanted_anew": "begun anew with each step: write {text} before line {line}",
    "wanted_before": "computed before line {line}, which updates {block}: change the order of the two",
    "wanted_gradient": "the gradient of {block}",
    "wanted_part": "what passes back to {node} through {consumer}",
    "wanted_rest": "what is passed back to {node} by all but {consumer}",
    "wanted_derivative": "the derivative of the loss by {node}",
    "wanted_update": "followed by the same for {block}: {text}",
    "wanted_slip": "a number with which the gradients that follow from it come out right",
    # what is wrong with it
    "operand_turned": "{node} is transposed in {what} where it should not be, or the reverse.",
    "operand_wrong": "{node} stands where {instead} belongs, in {what}.",
    "operand_elsewhere": "{node} of another turn, or another call, stands where that of this one belongs, in {what}.",
    "fault_crossed": "the shapes {node} give a matrix: every prediction is compared with every target, not with its own.",
    "fault_shape": "{block} has the shape {old} and its step {step}: the difference is {both}, of every number with every "
    "other, and from then on that is the shape of {block}.",
    "fault_not-summed": "{block} has the shape {old} and its step {step}, a number for each sample: {block} becomes {both}, "
    "one for each sample too. The step of {block} is their sum.",
    "fault_wrong-layout": "it holds the right numbers in the wrong order: a reshape moves no number, a transpose does; this is not "
    "the layout of {what}.",
    "fault_wrong-slice": "another part of {node} belongs here: this one is not {what}.",
    "fault_transposed": "this is the transpose of {what}.",
    "fault_weight": "{block} itself stands in the place of its gradient: this only shrinks the weights, whatever the "
    "samples are.",
    "fault_error": "the error alone stands in the place of the gradient of {block}: it is not multiplied by what the "
    "layer takes in.",
    "fault_stale": "it reads {node}, which the step before left behind.",
    "fault_never-updated": "{block} is never updated: its gradient is computed, {stored}, and no step uses it.",
    "fault_never-updated_several": "{block} are never updated: their gradients are computed, {stored} and others, and no step "
    "uses them.",
    "fault_never-learned": "nothing computes the gradient of {block}, and no step updates it: it stays what it was at first.",
    "fault_never-learned_several": "nothing computes the gradients of {block}, and no step updates them: they stay what they "
    "were at first.",
    "fault_updated-weights": "it uses {block} after its update in line {line}; the gradient belongs to the values of before.",
    "axis_unsummed": "it is not summed over axis {axis}, which {what} is.",
    "axis_everything": "the sum goes over everything, and leaves one number; {what} has one for each unit.",
    "axis_wrong": "the sum goes over the wrong axis; {what} is the sum over axis {axis}.",
    "fault_activation-applied-twice": "the slope is taken at the activation {node}, which is the function applied once "
    "already.",
    "fault_wrong-derivative": "the slope in this line is not that of the function that gives {node}.",
    "fault_wrong-condition": "the condition in this line chooses others than those at which {node} has a slope.",
    "shares_apart": "the shares add up to 1 {own}, and the targets that they are compared with {due}.",
    "most_apart": "the largest number is to be taken off {due}, as the shares add up to 1: any other changes them.",
    "shares_along": "along axis {axis}",
    "shares_all": "all together",
    "line_one_sided": "{node} cuts the gradient off on one side only: it goes as far on the other side.",
    "fault_missing-derivative": "the slope of the activation {node} is missing: {what} has it as a factor.",
    "fault_extra-derivative": "the slope of {node} is one factor too many.",
    "fault_missing-mask": "the mask {node} of the forward pass is missing: what it sets to 0 there has no gradient.",
    "fault_drawn-anew": "random numbers are drawn anew here: the derivative belongs to those of the forward pass.",
    "fault_new-mask": "a new mask is drawn here: keep that of the forward pass, what it dropped has no gradient.",
    "fault_missing-factor": "the factor {node} is missing.",
    "fault_extra-factor": "{node} is one factor too many.",
    "edge_only": "{node} acts on the loss by several paths, and only that through {other} is here.",
    "edge_one_turn": "line {line} uses {node} in {turns} turns of a loop, and only one of them is here: the gradient is "
    "the sum over all turns, each reached by going back through those after it.",
    "edge_dropped": "{node} acts on the loss by several paths, and that through {other} is left out.",
    "edge_doubled": "{node} acts on the loss by several paths, and that through {other} is counted more than once.",
    "fault_missing-penalty": "the penalty in the loss has a gradient too; it is missing here: {what} includes it.",
    "fault_penalty-sign": "the gradient of the penalty has the wrong sign: {what} includes it the other way round.",
    "fault_penalty-twice": "the gradient of the penalty is in it twice; {what} includes it once.",
    "fault_penalty-scaled": "the gradient of the penalty has the wrong factor: {what} includes it with another one.",
    "fault_applied-twice": "the slope of {node} is applied twice; {what} has it as a factor once.",
    "fault_lost-duplicates": "rows of {node} that are read more than once get only their last gradient, not the sum.",
    "fault_missing-root": "it is the square of the norm of the gradients, the root is missing: what is clipped by it "
    "comes out shorter than the bound.",
    "fault_clipped": "the gradient is cut off at ±{limit} where it is larger.",
    "fault_other-loss": "this is the derivative of {node}, and not of the loss that the script computes: the steps lower "
    "another quantity than the one that is shown.",
    "loss_squares": "the squared error",
    "loss_sizes": "the size of the error",
    "loss_aside": "The steps lower another quantity than the one that is computed in line {line} ({text}).",
    "fault_overwritten": "each turn of the loop writes over the one before: only one term of the sum that {what} is "
    "stays (= where += belongs).",
    "edge_diagonal": "the numbers of {node} sum to 1, so each of them follows from all scores; only the diagonal of that "
    "derivative is here.",
    "fault_accumulated": "what the steps add to {node} in {line} is never set to zero, so each step goes along the sum of "
    "all gradients so far.",
    "common_factor_large": "All steps are {factor} times the gradient of the loss in line {line} ({text}) times the "
    "learning rate: as if the learning rate were so much larger, or as if another sum or mean were meant.",
    "common_factor_small": "All steps are 1/{factor} of the gradient of the loss in line {line} ({text}) times the "
    "learning rate: as if the learning rate were so much smaller, or as if another sum or mean were meant.",
    "climbed": "The steps go up what is computed in line {line} ({text}); that is right where it should grow, as a "
    "likelihood or a reward should.",
    "fault_not-finite": "it holds NaN or infinity.",
    "fault_integer": "it is of an integer dtype, which cuts off every fraction.",
    "fault_zero": "it is zero; it should be {what}.",
    "fault_unrecognised": "it is not {what}; no usual mistake explains the difference.",
    "fault_sign": "it has the wrong sign: this is minus {what}.",
    "fault_sign_of_step": "it has the wrong sign: this is minus {what}, and a step along it goes uphill.",
    "factor_large": "it is {what}, but {factor} times too large{told}.",
    "factor_small": "it is {what}, but {factor} times too small{told}.",
    "factor_large_sign": "it is {what}, but {factor} times too large{told}, and has the wrong sign.",
    "factor_small_sign": "it is {what}, but {factor} times too small{told}, and has the wrong sign.",
    "number_of": " ({number} is {node})",
    "length_of": " ({number} is the length of {node})",
    # what is wrong with it, where the line to write shows that
    "line_sign": "the sign of {node} is the wrong one.",
    "line_scaled": "{old} has the wrong factor: {new} belongs there.",
    "line_transposed": "{old} stands where {new} belongs: a transpose is missing, or one too many.",
    "line_wrong-axis": "{old} goes over the wrong axis: {new} belongs there.",
    "line_wrong-operand": "{old} stands where {new} belongs.",
    "line_wrong-order": "{old} has the right parts in the wrong order: {new} belongs there.",
    "line_wrong-mask": "which slope it is depends on the sign of {new}, and not on that of {old}: the mask is made of the "
    "wrong values.",
    "line_wrong-derivative": "{old} is the slope of another function: {new} belongs there.",
    "line_missing-factor": "the factor {node} is missing in {where}.",
    "line_extra-factor": "the factor {node} is one too many in {where}.",
    "line_applied-twice": "the factor {node} is applied twice in {where}.",
    "line_missing-derivative": "the slope {node} is missing in {where}.",
    "line_extra-derivative": "the slope {node} is one factor too many in {where}.",
    "line_dropped-edge": "the term {node} is missing beside {where}.",
    "line_doubled-edge": "the term {node} is one too many in {where}.",
    "line_missing-square": "{node} stands where its square belongs: the root of the mean of the squares is what a step is "
    "divided by.",
    "line_missing-root": "{node} holds squares of the gradient; the root is missing.",
    "line_corrected": "{node} is stored as it is corrected, and the next step begins with that: keep the mean as it is, and "
    "correct a copy of it.",
    "line_then": " Line {line} is then: {text}",
    "line_same_power": "the exponent of the correction, {node}, is {power} in every step: it is never counted up, so the "
    "correction never fades.",
    "line_no_power": "{node} is the same in every step: what corrects a mean is 1 - decay ** t, with the number t of the step.",
    "line_counts_parameters": "{node} is counted up once for each parameter and not once for each step, so that each has "
    "another correction.",
    "line_not_used": "what comes out of {node} is not used: the step is made with what was there before.",
    "line_not_ahead": "the gradient is taken where the parameters are, though {node} computes where the velocity leads.",
    "line_begun_anew": "{node} is set to zero in every step, so nothing of the steps before is kept: make it once, before "
    "the training.",
    "line_begun_again": "{node} is set to zero again in each turn of the loop, though the parameters go on: make it once, "
    "before the loop.",
    "line_never_kept": "what {node} gives is not kept: each step goes on from what was there at first.",
    "line_shared": "{node} is kept for two parameters, {names}: what the gradient of one left in it is in the step of the "
    "other too. Keep one for each.",
    "line_no_difference": "{node} is stored when {other} has changed already, so that {difference} is 0 in each step: "
    "store it before.",
    "line_zero_power": "the exponent of the correction, {node}, is 0 in the first step: 1 - decay ** 0 is 0, and the mean "
    "is divided by it. Count from 1.",
    "line_stuck": "{node} is a product with what it was before, and begins at 0: it stays 0, and {block} never moves.",
    "line_no_effect": "{node} as a statement changes nothing: {block} stays as it is.",
    "line_lost-update": "{node} makes a new array that nothing reads: {block} itself stays as it is.",
    "line_unkept": "what {node} gives back is not kept: {block} stays as it is.",
    "line_unrated_long": "the step of {block} is not multiplied by {rate}, as all others are: it is {times} times too long.",
    "line_unrated_short": "the step of {block} is not multiplied by {rate}, as all others are: it is {times} times too short.",
    "line_penalty-of-none": "the loss has no penalty of {block}: {node} does not belong in its gradient.",
    "line_overwritten": "{node} is written over; what is there belongs to it too.",
    "line_lost-duplicates": "numpy keeps the last of what is written into one place: what comes twice in the index of "
    "{node} counts once.",
    "line_accumulated": "{node} keeps what was there before, and that does not belong to it.",
    # why nothing could be judged
    "no_class": "no object of the class {name} has parameters that a training changes.",
    "not_trained": "{name} is not changed by a training step; what is changed: {known}.",
    "refused": "the script {what}. Give it what it needs in the script itself, then ask again.",
    "refused_at": "the script {what}, in line {line}. Give it what it needs in the script itself, then ask again.",
    "refused_in_run": "the script {what}",
    "refused_in_trial": "something that is not done here: the script {what}",
    "ends_early": "the script ends by itself before a training begins, and says: {text}",
    "ends_with_status": "the script ends by itself in line {line} ({code}), with status {status}, before a training begins. If it "
    "wants arguments, give them after its name and --.",
    "never_called": "the script defines {name}() and never calls it. Add the lines that call it with data, then ask again.",
    "opens_window": "the script opens a window in line {line}, and there is no screen here.",
    "stops_early": "the script stops before a training begins, with {error}: {text}",
    "asks_for_arguments": "It reads its command line: give its arguments after --, as in script.py -- 0.1",
    "stops_early_at": "the script stops before a training begins, with {error} in line {line} ({code}): {text}",
    "other_library": "the script trains with {name}, which computes gradients by itself; there is no handwritten backprop "
    "in numpy to examine.",
    "class_not_trained": "the script defines {name} and never trains it. Add the lines that make an object and train it, "
    "then ask again.",
    "time_up_at": "the script was still at line {line} ({code}) when its time was up, and no training step was seen: no "
    "array was changed again and again by numbers computed from it.",
    "time_up": "no training step was seen in the time there was: no array was changed again and again by numbers computed "
    "from it.",
    "not_by_itself": "{name} changes again and again (line {line}), but by nothing that is computed from it, its own "
    "shrinking and comparisons aside: so there is no gradient to compare the change with, as with a perceptron's rule, or with "
    "a hinge loss whose slope a comparison decides.",
    "no_steps": "{name} changes again and again (line {line}), by what is computed from it; but not from what the step before "
    "left there, as where a search along a line has computed the next gradient already: where one step ends and the next "
    "begins cannot be told, and nothing is judged. Compute the gradient anew at the beginning of each step to have it judged.",
    "before_the_loop": "line {line} ({text}) is computed once, before the steps begin, and they change {names} by what was "
    "computed there, again and again: the errors stay those of the first weights. Put the forward pass into the loop, in front "
    "of the errors.",
    "closed_form": "the script solves for its numbers ({text}, line {line}), and follows no gradient to them: there is no "
    "step to judge.",
    "other_places": "the gradient is taken where a part of the step leads (line {line}: {code}), as extragradient methods, "
    "sharpness-aware ones and those of Runge and Kutta do it: the step follows no gradient at the parameters themselves, and "
    "there is none to compare it with.",
    "weighted": "the errors have weights (line {line}: {code}), as in a policy gradient, and the script computes no loss that "
    "tells whether they belong there. Compute what the steps lower, say the mean of -log(p) times the weights: then the "
    "gradients can be judged.",
    "proximal": "the script brings its numbers nearer to 0 by a fixed amount after each step (line {line}: {code}): a proximal "
    "step, which is not the gradient of a loss alone and cannot be judged here.",
    "trains_nothing": "the script runs to its end, and trains nothing with numpy: no number is changed again and again by "
    "numbers that were computed from it. At least two training steps must run.",
    "no_such_loss": "there is no loss {loss} that depends on {names}; give its name or its line as --loss.",
    "losses_there": "These would do: {losses}.",
    "loss_there": "line {line} ({text})",
    "no_loss_one": "{names} is trained, but no loss was found that depends on it: name the loss, or its line, with --loss.",
    "no_loss_many": "{names} are trained, but no loss was found that depends on them: name the loss, or its line, with "
    "--loss.",
    "not_python": "the script is not Python: line {line}: {text}",
    "no_answer": "the process that the script ran in ended without an answer",
    "no_end": "the script did not come to an end in {seconds} seconds",
    "function_no_end": "the function did not come to an end in {seconds} seconds",
    "process_ended": "the script ended the process that it ran in (status {status})",
    "process_ended_with": "the script ended the process that it ran in (status {status}): {text}",
    "no_fork": "a function can be examined on systems with fork() only: put it into a script and give its path",
    # what a script may not do here
    "does_program": "starts another program",
    "does_process": "starts another process",
    "does_connect": "opens a network connection",
    "does_listen": "waits for network connections",
    "does_delete": "deletes a file",
    "does_rename": "renames a file",
    "does_delete_folder": "deletes a folder",
    "does_link": "makes a link",
    "does_rights": "changes the rights of a file",
    "does_shorten": "shortens a file",
    "does_signal": "sends signals",
    "does_browser": "opens a browser",
    "does_registry": "writes into the registry",
    "does_keyboard": "reads from the keyboard, and nobody types here",
    "does_input": "asks for input(), and nobody types here",
    "does_write": "writes the file {file}",
    # the report on gradients and steps
    "what_gradient": "gradient",
    "what_update": "update",
    "points_one": "{count} point",
    "judged_little": "Judged on {samples} at one point. With so little, some mistakes look alike.",
    "judged_given_step": "Judged on {samples} at the one point you gave. Given after one step, an update "
    "cannot be tried elsewhere; give the function that computes it, and look-alikes can be told apart.",
    "judged_given_numbers": "Judged on {samples} at the one point you gave. Given as numbers, a gradient "
    "cannot be tried elsewhere; give the function that computes it, and look-alikes can be told apart.",
    "judged_step": "Judged on {samples} at {points}: your step was called {times} times.",
    "judged_function": "Judged on {samples} at {points}: your function was called {times} times.",
    "look_alike": "With so little, some mistakes look alike.",
    "samples_one": "{count} sample",
    "samples_many": "{count} samples",
    "points_many": "{count} points",
    "and_clause": ", and ",
    "a_transposed": "the {what} is transposed: rows and columns are exchanged",
    "a_zero": "the {what} is zero everywhere, though the loss does change with {block}",
    "a_weight_step": "the step subtracts the weight itself ({block} -= lr * {block}): that is weight decay. It "
    "shrinks {block} towards zero and never looks at the data",
    "a_weight": "this is {block} itself, in place of its gradient: a step along it is weight decay",
    "a_error_output": "this is the error at the output, in every place; it was neither sent back nor multiplied by {a}",
    "a_error": "the error {delta} alone: it is not multiplied by the input of the layer, {a}",
    "a_weight-for-activation": "{delta} is multiplied by the weight {block}, in place of the input of the layer, {a}",
    "a_missing-derivative": "the derivative of {at} is missing",
    "a_activation-applied-twice": "the derivative of {at} is taken at its result: f'(f(z)), in place of f'(z)",
    "a_raw-error": "the raw error is sent back, without the derivative of {at} on the way",
    "a_stale": "this is the {what} of the call before: one step too late",
    "a_doubled": "the gradients of earlier calls are still in it: it adds up and is never set back to zero",
    "a_updated-weights": "the error was sent back through weights that had been updated already (lr {lr}); "
    "compute all gradients first, then update",
    "delta_unknown": "the error",
    "at_and": " and ",
    "right_but": "the right {what}, but ",
    "wrong_sign": "with the wrong sign",
    "wrong_sign_grows": "with the wrong sign: a step along it makes the loss grow",
    "n_large": "N times too large, N the number of samples: a sum over the samples where the loss takes the mean",
    "n_small": "N times too small, N the number of samples: a mean over the samples where the loss takes the sum",
    "twice": "twice too large: does the loss have the ½ that cancels the 2 of the square?",
    "half": "half of what it is to be: the 2 of the square is missing",
    "times_lr": "multiplied by the learning rate {lr} already",
    "over_lr": "divided by the learning rate {lr}: the step forgot to multiply by it",
    "batch_large": "{n} times too large, and the batch has {n} samples: a sum where the loss takes the mean?",
    "batch_small": "{n} times too small, and the batch has {n} samples: a mean where the loss takes the sum?",
    "times_factor": "multiplied by {factor}",
    "or_other_rate": "{cause}; or is the learning rate of the step another than {lr}?",
    "sign_and": "with the wrong sign, and {cause}",
    "tie_factor": "{factor} times the right {what}, on this one sample. On one sample a great many mistakes "
    "come to no more than a factor: give more samples to tell which it is",
    "tie": "wrong, but what exactly is not decided: {names} would give these very numbers here. More samples "
    "and other parameters would tell: give the function that computes it",
    "unrecognised": "wrong, and none of the usual mistakes, nor any two of them, gives these numbers{partly}.",
    "compare_lines": "{text} Compare each line with the formula:",
    "columns_one": " (column {which} wrong, the others right)",
    "columns_many": " (columns {which} wrong, the others right)",
    "rows_one": " (row {which} wrong, the others right)",
    "rows_many": " (rows {which} wrong, the others right)",
    "hint_decay": " But it is the right one plus {c} * {block}: weight decay that the loss does not have. Add "
    "its penalty to the loss, or leave it out here. Without it:",
    "hint_exchanged": " But it is the gradient of {other}: are two names, or two places in a list, exchanged?",
    "rivals": "it agrees with the right {what} here, but so would {names}: at this point they cannot be told "
    "apart. Give the function that computes it, or another point.",
    "undecided_kink": "a number lies exactly on the kink of an activation (relu at 0), where more than one "
    "slope is right",
    "undecided_noise": "the activations are so saturated that the gradient is lost in rounding errors: try "
    "smaller parameters",
    "undecided_zero": "the gradient is zero at everything that was looked at, so nothing can be seen",
    "unused_block": "the loss does not use {block} at all, so its gradient is zero. Did the forward pass forget it?",
    "unused_block_not_zero": "the loss does not use {block} at all, so its gradient is zero. What you computed "
    "is not zero. Did the forward pass forget it?",
    "silent": "the gradient of the loss to {block} is zero at everything that was looked at, so right and "
    "wrong look the same. Are all units dead, or multiplied by zero?",
    "absent": "no {what} of {block} was given: return it under the name {name}",
    "integer_array": "the {what} is an array of integers: everything after the decimal point is cut off. Was "
    "it made by np.zeros_like of an integer array, or with dtype=int?",
    "no_numbers": "the {what} is to be an array of real numbers, got dtype {dtype}",
    "no_numbers_object": "the {what} is to be an array of real numbers, got dtype {dtype} (a None in it, or "
    "rows of different lengths?)",
    "loss_not_finite": "the loss or its own gradient is NaN or infinite at these parameters, so there is "
    "nothing to compare with",
    "elements_not_finite": "{bad} of {size} elements are NaN or infinite, where the right ones are finite: "
    "look for a division by zero, a log of zero, an exp of something large",
    "aliased": "the arrays for {block} and {other} are the same memory, so writing one changes the other: give "
    "each an array of its own (np.zeros_like, or .copy())",
    "wrong_shape": "it has shape {shape}, {block} has shape {wanted}: a gradient has the shape of its block",
    "only_shape": "the numbers are right, the shape is not: {shape}, where {block} has {wanted}",
    "beware_broadcast": "{reason}. Beware: {block} - lr * d{block} would silently become an array of shape {spread}",
    "unsummed_samples": "the samples are not summed yet: shape {shape}",
    "quoted": "“{name}”",
    "or_list": "{before} or {last}",
    "c_not": "{line}    # not {yours}",
    "c_never": "d{block} is never computed, or overwritten with zeros",
    "c_zero_before": "d{block} = 0  # before each backward pass, not after",
    "c_before_step": "compute d{block} before the step that uses it",
    "c_twice": "f' of z{number}: {slope}; a{number} went through f already",
    "c_missing": "{slope} is missing in yours",
    "title_forward": "Your forward pass, from the input on:",
    "title_judged": "Your {what}s, from the output back to the input:",
    "col_layer": "layer",
    "col_verdict": "verdict",
    "col_error": "rel. error",
    "col_is": "what it is",
    "col_block": "block",
    "col_explanation": "explanation",
    "verdict_right": "right",
    "verdict_wrong": "wrong",
    "verdict_cannot tell": "cannot tell",
    "consistent": "consistent with: {names}",
    "consistent_more": "consistent with: {names}, …",
    "disagree": "Gradient and update disagree for {names}: the step does not use the gradient you computed. "
    "However right a gradient is, a step that ignores it cannot learn from it.",
    "begin_with": "Begin with {block}, the wrong {what} nearest the output: errors travel from there towards "
    "the input. Then look again.",
    "about_block": "{block}: {reason}",
    "follows_one": "{names} shows the same mistake as {source}: one repair may cure them all.",
    "follows_many": "{names} show the same mistake as {source}: one repair may cure them all.",
    "follows_unknown_one": "{names} is wrong too, perhaps only because of the error that comes from {source}.",
    "follows_unknown_many": "{names} are wrong too, perhaps only because of the error that comes from {source}.",
    "activation_of": "the {kind} after {block}",
    "layer_input": "the layer's input",
    "your_page": "Yours and the right ones, number by number: report.compare() is a page of both.",
    "caption_judged": "your {what}s, from the output back",
    "col_todo": "what to do",
    "col_relative": "relative error",
    "note_integers": "{name} is an array of integers: a step {name} -= lr * d{name} fails or is cut off to "
    "whole numbers; make it {name}.astype(float)",
    "note_shared": "{name} and {other} are the same memory: a step on one changes the other; make one a .copy()",
    "note_not_arrays": "the loss does not run on whole arrays, so its layers could not be read: mistakes "
    "inside the sweep (a missing derivative, say) can be found, but not named. Written with numpy on arrays it "
    "tells more.",
    "note_broken_batch": "at the parameters you gave the loss or its gradient is NaN or infinite (the batch "
    "itself holds NaN or infinity), so it was judged elsewhere",
    "note_overflow": "at the parameters you gave the loss or its gradient is NaN or infinite (an exp that "
    "overflows?), so it was judged elsewhere",
    "note_raised": "your function raised {error} on a batch of {count} ({text}), so that part of the evidence "
    "is missing",
    "note_changes": "your gradient function changes the parameters it is given; it should only read them",
    "note_same_numbers": "your function gives the same numbers whatever parameters and samples it is called "
    "with: does it use its arguments? Only the point you gave was judged",
    "note_no_block": "{key} is no block of the parameters ({names}): it was not looked at",
    "note_none": "the gradient of {name} is None: it was never computed",
    "f_right": "{stage}, as it should be",
    "f_unread": "the layers of the loss could not be read",
    "f_follows": "{reason}; it may only follow from {layer}",
    "f_pre": "a pre-activation",
    "f_product": "the product with {block}",
    "f_pre_of": "the pre-activation of {block}'s layer",
    "f_output_of": "the output of {block}'s layer",
    "f_network": "the output of the network",
    "f_earlier": "this is {stage}, which comes earlier",
    "f_transposed": "{stage}, transposed",
    "f_twice": "{stage} with the activation applied twice",
    "f_shape": "shape {shape}, where {stage} has {wanted}",
    "f_scaled": "{stage} multiplied by {factor}",
    "f_differs": "it differs from {stage}",
    # the report on a training
    "e_head": "Loss {loss}. {flagged} of {checks} checks raise a flag.",
    "e_flag": "✗ {check}: {numbers}; {threshold}",
    "e_number_at": "{number} ({where})",
    "e_passed": "✓ nothing unusual in: {told}",
    "e_semicolon": "; ",
    "ecol_check": "check",
    "ecol_where": "where",
    "ecol_measured": "measured",
    "ecol_usual": "usual",
    "ecol_meaning": "meaning",
    "ecol_source": "source",
    "check_numbers that are not finite": "numbers that are not finite",
    "check_gradients not set to zero": "gradients not set to zero",
    "check_learning-rate budget": "learning-rate budget",
    "check_update : parameter": "update : parameter",
    "check_targets out of reach": "targets out of reach",
    "check_constant predictor": "constant predictor",
    "check_worse than the mean": "worse than the mean",
    "check_saturation": "saturation",
    "check_dead relu": "dead relu",
    "check_symmetry": "symmetry",
    "check_gradient first : last": "gradient first : last",
    "check_learning rate too large": "learning rate too large",
    "check_learning rate too small": "learning rate too small",
    "check_shapes that broadcast": "shapes that broadcast",
    "check_inputs not scaled": "inputs not scaled",
    "check_targets not scaled": "targets not scaled",
    "check_initialisation": "initialisation",
    "check_inputs and initialisation": "inputs and initialisation",
    "check_order of the samples": "order of the samples",
    "check_constant targets": "constant targets",
    "check_targets unrelated to inputs": "targets unrelated to inputs",
    "check_no gradient": "no gradient",
    "check_accuracy": "accuracy",
    "usual_zero": "0 is right",
    "usual_one": "1 is right",
    "source_add_up": "gradients add up until they are zeroed",
    "source_taylor": "first-order Taylor expansion of the loss",
    "source_range": "the range of {kind}",
    "source_mean": "MSE of the mean = variance",
    "source_alike": "units that start alike stay alike",
    "e_not_finite": "the loss or its gradient is NaN or infinite: nothing can be learned from here; "
    "detect_anomaly() finds where",
    "e_finite": "the loss and its gradient are finite",
    "e_multiple": "the gradients in hand are {ratio} times that of one backward pass: call zero_grad() before each one",
    "e_no_multiple": "the gradients in hand are not a multiple of one backward pass",
    "usual_budget": "predicted change : loss, to be well above 1",
    "e_budget": "{steps} steps of {lr} along this gradient lower the loss by about {change}, of {loss}: enough "
    "to begin with.",
    "e_budget_little": "{steps} steps of {lr} along this gradient lower the loss by about {change}, of {loss}: "
    "too little for this budget.",
    "e_budget_needed": "For as much as the loss itself, lr would have to be {enough} at the very least.",
    "usual_ratio": "about 1e-3 is healthy, 1e-4 to 1e-1 usual",
    "e_ratio_low": "one step changes {name} by {percent} %: the learning rate is low, or hardly any gradient arrives",
    "e_ratio_high": "one step changes {name} by {percent} %: the learning rate is high",
    "e_ratio_healthy": "one step changes {name} by {percent} %: healthy",
    "e_targets": "{percent} % of the targets lie outside ({low}, {high}), which the {kind} at the output "
    "cannot give: use a linear output, or scale the targets",
    "e_better": "mean squared error {errors}, variance of the targets {spread}: better than predicting the mean",
    "e_no_better": "mean squared error {errors}, variance of the targets {spread}: no better than predicting the mean",
    "e_no_better_flat": "mean squared error {errors}, variance of the targets {spread}: no better than "
    "predicting the mean; the predictions hardly depend on the input",
    "e_worse": "mean squared error {errors}, variance of the targets {spread}: worse than always predicting "
    "their mean: not trained yet, or training does not work",
    "usual_constant": "MSE / variance, below 1 by far",
    "usual_slope": "a mean slope below 0.05 lets almost no error by",
    "e_saturation": "the mean slope of the {kind} is {mean}, {percent} % of its results are at the ends: start "
    "with smaller weights, or scale the inputs",
    "e_dead": "{silent} of {units} units are zero on every sample, and get no gradient: they can never come "
    "back. A lower learning rate, other initial weights, or leaky_relu",
    "e_twins": "{count} units of {name} have the same weights and the same gradient, so they stay the same for "
    "ever: start from random numbers",
    "usual_flow": "1e-3 to 1e3 usual",
    "e_vanishes": "the gradient of {first} is {ratio} of that of {last}: on its way back it vanishes",
    "e_explodes": "the gradient of {first} is {ratio} of that of {last}: on its way back it explodes",
    "e_passes": "the gradient of {first} is {ratio} of that of {last}: on its way back it passes",
}
