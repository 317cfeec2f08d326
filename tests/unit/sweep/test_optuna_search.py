"""Optuna behind the Search port: different trials, the same for the same seed, several under way."""

from mlops_kit.adapters.optuna_search import OptunaSearch
from mlops_kit.core.config import Goal
from mlops_kit.core.sweep.trial import Trial
from mlops_kit.core.sweep.words import parse_words

SPACE = parse_words(["x=uniform(-1,1)", "n=int(1,5)", "lr=loguniform(1e-4,1)", "kind=a,null,true", "s=range(0,1,0.25)"])


def search(seed: int, trials: int = 25) -> list[Trial]:
    """All trials of a search for x near 0.5, one after the other."""
    optuna = OptunaSearch(SPACE, Goal.MINIMIZE, trials=trials, seed=seed)
    found = []
    while trial := optuna.ask():
        found.append(trial)
        optuna.tell(trial, abs(number(trial) - 0.5))
    return found


def number(trial: Trial) -> float:
    value = trial.settings[0].value
    assert isinstance(value, float)
    return value


def test_the_same_seed_gives_the_same_trials_and_another_seed_others() -> None:
    assert search(1) == search(1)
    assert search(1) != search(2)


def test_it_comes_nearer_to_what_is_best() -> None:
    found = [abs(number(trial) - 0.5) for trial in search(0)]
    assert sum(found[15:]) / 10 < sum(found[:10]) / 10


def test_values_are_those_of_the_words() -> None:
    for trial in search(3):
        x, n, rate, kind, step = (setting.value for setting in trial.settings)
        assert isinstance(x, float)
        assert -1 <= x <= 1
        assert n in range(1, 6)
        assert isinstance(rate, float)
        assert 1e-4 <= rate <= 1
        assert kind in ("a", None, True)
        assert step in (0.0, 0.25, 0.5, 0.75)


def test_every_trial_is_asked_for_once_and_a_small_space_ends() -> None:
    optuna = OptunaSearch(parse_words(["a=1,2,3", "b=true,false"]), Goal.MAXIMIZE, trials=50, seed=0)
    asked = []
    while trial := optuna.ask():  # none is told: all are under way at once
        asked.append(trial)
    assert len(asked) == 6
    assert len({trial.settings for trial in asked}) == 6
    optuna.tell(asked[3], None)
    optuna.tell(asked[0], 1.0)
    assert optuna.ask() is None
