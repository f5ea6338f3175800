"""What the request of every step is made from: settings of the pipeline, and a place for
problems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from isodag.component import BindingStep, Component
from isodag.diagnostics import Diagnostic
from isodag.ir import Loop, Node, OutputRef, Parameter, Pipeline, Task, Tree
from isodag.source import Span
from isodag.targets.images import Images
from isodag.targets.sagemaker import keys
from isodag.targets.sagemaker.kinds import GENERATED
from isodag.targets.sagemaker.references import Expr


@dataclass(frozen=True)
class Context:
    """One compilation.

    name         the pipeline's name on SageMaker
    role, root   `role` and `artifact_root`
    settings     the pipeline's own `targets.sagemaker` block
    diagnostics  filled while steps are made
    used         images in use: what each resolved to, and the first step that has it
    default_machine   tasks whose instance type nobody chose
    settled      where settings are written that are checked once for all steps
    resolved     what the images in use resolved to
    turns        the loop around each step that has one, by the step's name on SageMaker
    """

    pipeline: Pipeline
    name: str
    role: Expr
    root: Expr
    images: Images
    settings: Mapping[str, Tree]
    tasks: Mapping[str, Node]
    parameters: Mapping[str, Parameter]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    used: dict[str, tuple[str, Span]] = field(default_factory=dict)
    default_machine: list[str] = field(default_factory=list)
    settled: frozenset[Span] = frozenset()
    resolved: set[str] = field(default_factory=set)
    turns: Mapping[str, Loop] = field(default_factory=dict)

    def report(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        """Keep a problem; what several repetitions of a step have in common is said once."""
        problem = Diagnostic(code, message, span, help)
        if problem not in self.diagnostics:
            self.diagnostics.append(problem)

    def shown(self, ref: OutputRef) -> str:
        """An output as the file names it, for messages: a repeated step is several tasks."""
        node = self.tasks[ref.task]
        step = node.step if isinstance(node, Task) else node.name
        return f"`steps.{step}.outputs.{ref.output}`"

    def image(self, reference: str, span: Span) -> str:
        """The image that a reference resolves to, remembered for the manifest and its warning."""
        resolved = self.images.resolve(reference)
        self.used.setdefault(reference, (resolved, span))
        self.resolved.add(resolved)
        return resolved

    def setting(self, task: Task, name: str) -> Tree | None:
        """A key of the step's block, else of the pipeline's."""
        return keys.block(task.targets).get(name) or self.settings.get(name)


def binding_steps(component: Component) -> tuple[BindingStep, ...]:
    """The native steps that a component is: by its binding, else one Processing step."""
    if component.binding is not None:
        return component.binding.steps
    return (BindingStep("", "Processing", {}, component.span),)


def made_by(component: Component) -> BindingStep | None:
    """The step of a component whose request is made from its container, if there is one."""
    if component.container is None:
        return None
    return next((step for step in binding_steps(component) if step.kind in GENERATED), None)


def speaks_runtime(component: Component) -> bool:
    """Whether the container starts our runtime, which packs models and writes values.json."""
    return component.container is not None and "isodag.runtime" in component.container.command
