"""The correct pipeline as one writes it with kfp; run as a program, it compiles."""

import sys

from kfp import compiler, dsl
from kfp.dsl import HTML, Artifact, Dataset, Input, Model, Output


@dsl.container_component
def prepare_reviews(
    reviews: Input[Dataset],
    train: Output[Dataset],
    validation: Output[Dataset],
    test: Output[Dataset],
    train_rows: dsl.OutputPath(int),
    labels: list,
    text_column: str = "review_body",
    max_length: int = 128,
    test_share: float = 0.1,
    balance: bool = False,
):
    return dsl.ContainerSpec(
        image="reviews/base:1.2.0",
        command=["python3", "prepare.py"],
        args=[
            "--reviews",
            reviews.path,
            "--train",
            train.path,
            "--validation",
            validation.path,
            "--test",
            test.path,
            "--train_rows",
            train_rows,
            "--text_column",
            text_column,
            "--max_length",
            max_length,
            "--test_share",
            test_share,
            "--balance",
            balance,
            "--labels",
            labels,
        ],
    )


@dsl.container_component
def train_classifier(
    train: Input[Dataset],
    validation: Input[Dataset],
    model: Output[Model],
    epochs: int = 3,
    learning_rate: float = 5e-5,
    encoder: str = "small",
):
    return dsl.ContainerSpec(
        image="reviews/train-cpu:2.0.1",
        command=["python3", "train.py"],
        args=[
            "--train",
            train.path,
            "--validation",
            validation.path,
            "--model",
            model.path,
            "--epochs",
            epochs,
            "--learning_rate",
            learning_rate,
            "--encoder",
            encoder,
        ],
    )


@dsl.container_component
def evaluate_classifier(
    model: Input[Model],
    test: Input[Dataset],
    report: Output[Artifact],
    page: Output[HTML],
    accuracy: dsl.OutputPath(float),
    rows: dsl.OutputPath(int),
    verdict: dsl.OutputPath(str),
    market: str = "all",
):
    return dsl.ContainerSpec(
        image="reviews/base:1.2.0",
        command=["python3", "evaluate.py"],
        args=[
            "--model",
            model.path,
            "--test",
            test.path,
            "--report",
            report.path,
            "--page",
            page.path,
            "--accuracy",
            accuracy,
            "--rows",
            rows,
            "--verdict",
            verdict,
            "--market",
            market,
        ],
    )


@dsl.container_component
def register_model(
    model: Input[Model],
    metrics: Input[Artifact],
    group: str,
    version: dsl.OutputPath(str),
    approval: str = "PendingManualApproval",
):
    return dsl.ContainerSpec(
        image="reviews/base:1.2.0",
        command=["python3", "register.py"],
        args=[
            "--model",
            model.path,
            "--metrics",
            metrics.path,
            "--group",
            group,
            "--approval",
            approval,
            "--version",
            version,
        ],
    )


@dsl.container_component
def announce(version: str, text: str = "a new version"):
    return dsl.ContainerSpec(
        image="reviews/base:1.2.0",
        command=["python3", "announce.py"],
        args=["--version", version, "--text", text],
    )


@dsl.container_component
def reject(accuracy: float, least: float):
    return dsl.ContainerSpec(
        image="reviews/base:1.2.0",
        command=["python3", "reject.py"],
        args=["--accuracy", accuracy, "--least", least],
    )


@dsl.pipeline(name="reviews", pipeline_root="s3://reviews-bucket/runs")
def pipeline(
    reviews: str,
    max_length: int = 128,
    learning_rate: float = 5e-5,
    encoder: str = "small",
    min_accuracy: float = 0.8,
    approval: str = "PendingManualApproval",
    publish: bool = True,
):
    raw = dsl.importer(artifact_uri=reviews, artifact_class=Dataset)
    prepare_task = prepare_reviews(
        reviews=raw.output,
        text_column="review_body",
        max_length=max_length,
        test_share=0.2,
        labels=["bad", "good"],
    )
    train_task = train_classifier(
        train=prepare_task.outputs["train"],
        validation=prepare_task.outputs["validation"],
        epochs=5,
        learning_rate=learning_rate,
        encoder=encoder,
    )
    train_task.set_cpu_limit("4").set_memory_limit("16Gi")
    train_task.set_retry(num_retries=2, backoff_duration="30s", backoff_factor=2.0)
    evaluate_task = evaluate_classifier(
        model=train_task.outputs["model"],
        test=prepare_task.outputs["test"],
    )
    with dsl.If(evaluate_task.outputs["accuracy"] >= min_accuracy):
        register_task = register_model(
            model=train_task.outputs["model"],
            metrics=evaluate_task.outputs["report"],
            group="reviews",
            approval=approval,
        )
        with dsl.If(publish == True):  # noqa: E712
            announce(version=register_task.outputs["version"], text="a version of reviews")
    with dsl.If(evaluate_task.outputs["accuracy"] < min_accuracy):
        reject(accuracy=evaluate_task.outputs["accuracy"], least=min_accuracy)


compiler.Compiler().compile(pipeline, sys.argv[1])
