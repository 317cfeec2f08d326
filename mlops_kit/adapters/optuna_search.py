"""The Search port by Optuna: asks for a trial, tells it what came out, several under way at once.

Nothing is stored: the study lives as long as the sweep. The same seed and the same results in the same order give the
same trials; with several slots the order is that in which trials end.
"""

from types import ModuleType
from typing import TYPE_CHECKING, Any

from mlops_kit import DISTRIBUTION
from mlops_kit.core.config import Goal
from mlops_kit.core.documents.scalars import Scalar
from mlops_kit.core.errors import InputError
from mlops_kit.core.sweep.space import Choices, Dimension, Scale, Space, count_trials
from mlops_kit.core.sweep.trial import Setting, Trial

if TYPE_CHECKING:
    from optuna.trial import Trial as Drawn

_TRIES_FOR_ONE = 20
"""How often Optuna is asked for a trial that is not known yet; then there is none."""

_Values = tuple[Scalar, ...]


class OptunaSearch:
    """At most `trials` different trials; InputError where Optuna is not installed."""

    def __init__(self, space: Space, goal: Goal, *, trials: int, seed: int) -> None:
        self._optuna = _import_optuna()
        self._space = space
        self._most = min(trials, count_trials(space) or trials)
        self._study = self._optuna.create_study(
            direction=goal.value, sampler=self._optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        )
        self._distributions = {str(place): _distribution(self._optuna, one) for place, one in enumerate(space)}
        self._drawn: dict[int, Drawn] = {}
        self._asked: set[tuple[str, ...]] = set()
        self._values: dict[tuple[str, ...], float | None] = {}

    def ask(self) -> Trial | None:
        """A trial that was not asked for yet; None where there were enough, or Optuna finds no other."""
        if len(self._asked) >= self._most:
            return None
        for _ in range(_TRIES_FOR_ONE):
            drawn = self._study.ask(self._distributions)
            settings = tuple(self._setting(drawn, place) for place in range(len(self._space)))
            key = _key(settings)
            if key not in self._asked:
                self._asked.add(key)
                trial = Trial(number=len(self._asked), settings=settings)
                self._drawn[trial.number] = drawn
                return trial
            self._report(drawn, self._values.get(key))
        return None

    def tell(self, trial: Trial, value: float | None) -> None:
        """What the metric was; None is one that failed."""
        self._values[_key(trial.settings)] = value
        self._report(self._drawn.pop(trial.number), value)

    def _report(self, drawn: "Drawn", value: float | None) -> None:
        state = self._optuna.trial.TrialState
        self._study.tell(drawn, value, state=state.FAIL if value is None else state.COMPLETE)

    def _setting(self, drawn: "Drawn", place: int) -> Setting:
        dimension = self._space[place]
        found = drawn.params[str(place)]
        value = dimension.values.values[found] if isinstance(dimension.values, Choices) else found
        return Setting(param=dimension.param, value=value)


def _import_optuna() -> ModuleType:
    try:
        import optuna
    except ImportError as error:
        hint = f'pip install "{DISTRIBUTION}[sweep]"'
        raise InputError("--sweep-engine optuna needs optuna", hint=hint) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    module: ModuleType = optuna
    return module


def _distribution(optuna: ModuleType, dimension: Dimension) -> Any:  # noqa: ANN401 - optuna's
    """What Optuna draws for a param; of choices their place, so that values of any kind are told apart."""
    values, known = dimension.values, optuna.distributions
    if isinstance(values, Choices):
        last = len(values.values) - 1
        return known.IntDistribution(0, last) if values.ordered else known.CategoricalDistribution(range(last + 1))
    if values.scale is Scale.INT:
        return known.IntDistribution(int(values.low), int(values.high))
    return known.FloatDistribution(values.low, values.high, log=values.scale is Scale.LOG_UNIFORM)


def _key(settings: tuple[Setting, ...]) -> tuple[str, ...]:
    return tuple(repr(found.value) for found in settings)
