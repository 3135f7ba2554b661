"""The command line: ``napari-radiogenomics VERB …``.

Options come from the verbs' signatures. One file a command in ``commands/``.
"""

from napari_radiogenomics.cli.app import main

__all__ = ["main"]
