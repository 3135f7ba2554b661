"""See whether image, tissue and genes of a tumour agree.

The names of `__init__.pyi` are the public interface; each is loaded when it is first used.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = "0.1.0"
