"""The training page's instrument: what a plan costs, what a training remembers, its curves and its mistakes."""

import numpy as np
import pytest

from cnn_core import weights
from instruments import training
from instruments.fields import SettingError, Whole, message, resolve, strict
from instruments.training import Plan, Training


def finished(**settings: object) -> Training:
    done = Training(Plan(**{"kernels": 3, "side": 4, "pool": 3, "digits": 250, "epochs": 1, "batch": 40, **settings}))
    while not done.done:
        done.advance(1)
    return done


def test_a_plan_counts_its_steps_and_its_work() -> None:
    plan = Plan(kernels=3, side=4, pool=3, digits=250, epochs=2, batch=40)
    assert plan.steps == 2 * 7
    convolution, pooled = 3 * 25 * 25 * 16, 8 * 8 * 3
    assert plan.macs == 3 * (convolution + pooled * 64 + 64 * 10) * 250 * 2
    with pytest.raises(SettingError, match="more than 400 billion: choose fewer digits or epochs"):
        Plan(kernels=32, side=9, pool=1, digits=8000, epochs=20).check()
    Plan().check()


def test_the_plan_is_what_the_fields_say_and_by_default_its_own() -> None:
    assert training.plan(resolve(training.FIELDS, {})) == Plan()
    given = {"training_kernels": "5", "training_side": "4", "training_pool": "3", "training_digits": "200",
             "training_epochs": "7", "training_batch": "9", "training_rate": "0.25", "training_optimiser": "SGD",
             "training_augment": "true", "training_seed": "42", "training_layers": "2"}  # fmt: skip
    v = resolve(training.FIELDS, given)
    assert training.plan(v) == Plan(5, 4, 3, 200, 7, 9, 0.25, "sgd", True, 42, "constant", 2)
    assert training.plan(strict(training.FIELDS, message(training.FIELDS, v))) == training.plan(v)


def test_what_was_trained_is_told_and_what_it_confuses() -> None:
    done = finished(epochs=3)
    assert [one.step for one in done.history] == list(range(1, 22))
    table, logits = done.confusion(), done.logits()
    answers = logits.argmax(axis=1)
    assert table.sum() == len(answers) == training.CHECKED
    assert table[3, 5] == ((done.unseen_labels == 3) & (answers == 5)).sum()
    assert np.trace(table) / training.CHECKED == done.checks[-1][1]
    wrong = done.mistakes(4)
    assert 0 < len(wrong) <= 4
    margins = []
    for digit, right, answer in wrong:
        number = int(np.flatnonzero((done.unseen == digit).all(axis=(1, 2, 3)))[0])
        assert (right, answer) == (done.unseen_labels[number], answers[number])
        assert right != answer
        margins.append(logits[number].max() - logits[number, right])
    assert margins == sorted(margins, reverse=True)
    missed = answers != done.unseen_labels
    assert len(done.mistakes(training.CHECKED)) == missed.sum()
    assert len(done.mistakes()) == min(8, missed.sum())
    assert margins[0] == (logits.max(axis=1) - logits[np.arange(len(logits)), done.unseen_labels])[missed].max()


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_the_rate_over_the_steps_is_chosen_and_follows_the_optimiser_otherwise(optimiser) -> None:
    usual = training.plan(resolve(training.FIELDS, {"training_optimiser": optimiser}))
    assert usual.schedule == ("cycle" if optimiser == "adam" else "constant")
    for schedule in ("cycle", "constant"):
        given = {"training_optimiser": optimiser, "training_schedule": schedule}
        assert training.plan(resolve(training.FIELDS, given)).schedule == schedule
    weights = [finished(optimiser=optimiser, schedule=one).kernels() for one in ("cycle", "constant")]
    assert np.abs(weights[0] - weights[1]).max() > 1e-3


def test_accuracy_on_what_it_learns_from_is_the_mean_of_nine_batches() -> None:
    done = finished(epochs=3)
    raw = [one.accuracy for one in done.history]
    assert done.learned()[-1] == pytest.approx(np.mean(raw[-9:]))
    assert len(done.learned()) == len(done.checks)


def test_the_weights_come_as_a_file_by_name() -> None:
    done = finished()
    read = weights.load(done.weights_file(), Plan(kernels=3, side=4, pool=3, seed=9).network())
    assert read.stored().keys() == done.network.stored().keys()
    for name, array in done.network.stored().items():
        np.testing.assert_array_equal(read.stored()[name], array)


def test_marks_of_the_rate_are_a_logarithmic_scale() -> None:
    assert training.RATES == (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)


def test_the_curve_is_the_mean_of_nine_batches() -> None:
    done = finished(epochs=2)
    steps, losses = done.losses()
    assert steps == list(range(9, 15))
    raw = [one.loss for one in done.history]
    np.testing.assert_allclose(losses, [np.mean(raw[step - 9 : step]) for step in steps], rtol=1e-6)
    few = finished(digits=100)
    assert few.losses()[0] == [1, 2, 3]


def test_a_training_that_diverges_is_watched_for_a_while_then_stops_and_says_so() -> None:
    done = finished(kernels=8, side=3, pool=2, digits=1000, rate=2.0, optimiser="sgd", epochs=9)
    left = next(one.step for one in done.history if not one.loss <= 4 * np.log(10))
    assert done.diverged
    assert len(done.history) == left + 25 < done.plan.steps  # so many steps more are seen
    curve = done.losses()[1]
    assert np.isfinite(curve).all()
    assert curve.max() <= 4 * np.log(10)
    assert not finished().diverged


def test_a_loss_that_is_no_number_is_drawn_at_the_top_of_the_chart() -> None:
    run = Training(Plan(digits=100))
    run.history = [next(run._steps)._replace(loss=loss) for loss in (1.0, float("nan"))]
    assert run.losses()[1].tolist() == pytest.approx([1.0, 4 * np.log(10)])


def test_a_short_training_that_jumps_and_ends_at_guessing_has_diverged() -> None:
    done = finished(kernels=8, side=3, pool=2, digits=200, rate=2.0, optimiser="sgd")
    assert len(done.history) == done.plan.steps < training.WATCHED
    assert done.diverged


def test_a_training_that_comes_back_down_goes_on() -> None:
    run = Training(Plan(digits=100, epochs=1, batch=50))
    one = next(run._steps)
    for last, diverged in ((1.8, False), (1.9, True)):
        run = Training(Plan(digits=100, epochs=1, batch=50))
        run._steps = iter([one._replace(loss=loss) for loss in (9.3, float("nan"), last)])
        run.advance(1)
        assert (run.done, run.diverged, len(run.history)) == (True, diverged, 3)


def test_few_digits_for_long_are_learnt_by_heart() -> None:
    few = finished(kernels=8, digits=100, epochs=20, rate=0.01)
    assert few.learned()[-1] - few.checks[-1][1] > 0.1
    assert few.learnt_by_heart
    assert not finished(kernels=8, digits=2000, epochs=2, rate=0.005).learnt_by_heart
    assert not Training(Plan(digits=100)).learnt_by_heart


def test_unseen_digits_are_asked_for_all_through_a_short_run() -> None:
    done = finished(digits=100, epochs=20, batch=50)  # 40 steps in one turn
    assert [step for step, _ in done.checks] == [*range(3, 40, 3), 40]
    assert len({share for _, share in done.checks}) > 3


def test_each_kernels_map_of_a_digit() -> None:
    done = finished()
    weight, bias = (done.network.parameters()[f"conv1.{name}"] for name in ("weight", "bias"))
    windows = np.lib.stride_tricks.sliding_window_view(done.unseen[7, 0], (4, 4))
    expected = np.maximum(np.einsum("yxij,kij->kyx", windows, weight[:, 0]) + bias[:, None, None], 0)
    (maps,) = done.maps(done.unseen[7])
    np.testing.assert_allclose(maps, expected, atol=1e-5)
    np.testing.assert_array_equal(done.logits(), done.network.forward(done.unseen))


def test_two_convolutions_learn_see_more_and_must_fit() -> None:
    done = finished(kernels=3, side=3, pool=2, convolutions=2, digits=600, epochs=4, rate=0.01)
    shapes = {name: array.shape for name, array in done.network.parameters().items()}
    assert shapes["conv2.weight"] == (6, 3, 3, 3)
    assert shapes["fc1.weight"] == (64, 6 * 5 * 5)
    assert done.checks[-1][1] > 0.6
    assert [maps.shape for maps in done.maps(done.unseen[0])] == [(3, 26, 26), (6, 11, 11)]
    assert done.plan.network().receptive_field("pool2") == (
        10,
        10,
    )  # 3 + 1 pooled, then 2 more windows at stride 2, pooled
    np.testing.assert_array_equal(done.first_kernels, done.plan.first_kernels())
    with pytest.raises(SettingError, match="kernels of 9 x 9 and pooling of 3 x 3 does not fit"):
        Plan(side=9, pool=3, convolutions=2).check()
    Plan(side=9, pool=3).check()


def test_the_curves_of_a_run_are_kept_for_the_next() -> None:
    done = finished(epochs=2)
    steps, losses = done.losses()
    assert done.curves == (
        steps,
        losses.tolist(),
        [step for step, _ in done.checks],
        [share for _, share in done.checks],
    )


def test_a_training_that_is_paused_stands_still() -> None:
    held = Training(Plan(digits=100))
    held.going = False
    held.advance(1)
    assert (held.history, held.spent) == ([], 0.0)
    np.testing.assert_array_equal(held.kernels(), training.first_layer(Plan(digits=100).network()))


def test_bounds_are_the_pages_and_the_digits_all_that_may_be_learnt_from() -> None:
    v = resolve(training.FIELDS, {})
    bounds = {
        field.key.removeprefix("training_"): (field.low, field.high(v))
        for field in training.FIELDS[:7]
        if isinstance(field, Whole)
    }
    assert bounds == {"kernels": (1, 32), "side": (1, 9), "pool": (1, 6), "digits": (100, 8000), "epochs": (1, 20),
                      "batch": (8, 256)}  # fmt: skip
    assert (training.RATE.low, training.RATE.high, training.RATE.step) == (0, 2, 0.001)
