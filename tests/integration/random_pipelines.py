"""Random pipelines, and random things that happen to them between two runs."""

import random
from dataclasses import dataclass

from tests.integration.dvc_project import Project

_KINDS = ("outs", "outs", "outs", "metrics", "plots")


@dataclass(frozen=True, kw_only=True)
class RandomPipeline:
    """A dvc.yaml with its params and inputs, and the outputs that it writes, by path."""

    files: dict[str, str]
    outputs: tuple[str, ...]


def make_pipeline(chance: random.Random, *, stages: int) -> RandomPipeline:
    """Stages in any order that read inputs, params, files and folders of earlier ones; some in folders of their own."""
    blocks, outputs = [], []
    for number in range(stages):
        needs = sorted(chance.sample(range(number), min(number, chance.randint(0, 3))))
        blocks.append(_stage(chance, number, needs))
        outputs.append(f"o{number}")
    chance.shuffle(blocks)
    inputs = {f"in{number}": str(number) for number in range(3)}
    params = "".join(f"p{number}: {number}\n" for number in range(4))
    return RandomPipeline(
        files={"dvc.yaml": "stages:\n" + "".join(blocks), "params.yaml": params, **inputs}, outputs=tuple(outputs)
    )


def disturb(chance: random.Random, seed: int) -> "Disturbance":
    """One thing that changes."""
    return Disturbance(
        kind=chance.choice(("input", "param", "command", "nothing")), place=chance.randrange(3), seed=seed
    )


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """A change that can be made to two copies of one project alike."""

    kind: str
    place: int
    seed: int

    def apply(self, project: Project) -> None:
        """Make the change."""
        match self.kind:
            case "input":
                project.write({f"in{self.place}": f"new {self.seed}"})
            case "param":
                text = project.read("params.yaml")
                project.write(
                    {"params.yaml": text.replace(f"p{self.place}: {self.place}", f"p{self.place}: {self.seed}")}
                )
            case "command":
                text = project.read("dvc.yaml")
                project.write({"dvc.yaml": text.replace(f"echo s{self.place} ", f"echo t{self.place} ")})
            case _:
                pass


def _stage(chance: random.Random, number: int, needs: list[int]) -> str:
    """A stage; it writes the folder `oN` with the file `f`, or with `cache: false` as well."""
    folder = chance.random() < 0.2
    up = "../" if folder else ""
    deps = [f"{up}o{need}{chance.choice(('', '/', '/f'))}" for need in needs]
    if chance.random() < 0.5:
        deps.append(f"{up}in{chance.randrange(3)}")
    read = " ".join(f"{up}o{need}/f" for need in needs)
    params = f"    params: [{up}params.yaml: [p{chance.randrange(4)}]]\n" if chance.random() < 0.4 else ""
    kind = chance.choice(_KINDS)
    flags = ": {cache: false}" if chance.random() < 0.25 else ""
    return (
        f"  s{number}:\n"
        f"    cmd: mkdir -p {up}o{number}; cat {read} /dev/null > {up}o{number}/f; echo s{number} >> {up}o{number}/f\n"
        + (f"    wdir: w{number % 2}\n" if folder else "")
        + f"    deps: [{', '.join(deps)}]\n{params}"
        f"    {kind}:\n      - {up}o{number}{flags}\n"
    )
