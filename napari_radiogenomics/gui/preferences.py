"""What the person chose under File ▸ Preferences, as the manifest declares it."""

from __future__ import annotations

from typing import Any

__all__ = ["preference"]

_PLUGIN = "napari-radiogenomics"
_DEFAULTS: dict[str, Any] = {"window": "auto", "fourth_axis": "auto"}


def preference(name: str) -> Any:
    """Return a preference of the plugin; its default where napari knows no plugin settings.

    Parameters
    ----------
    name : {"window", "fourth_axis"}
        Key of the property in the ``display`` configuration of the manifest.

    Examples
    --------
    >>> preference("fourth_axis")
    'auto'
    """
    try:
        from napari.settings import get_plugin_settings

        settings = get_plugin_settings(_PLUGIN)
    except (ImportError, KeyError):  # an older napari, or the plugin is not installed
        return _DEFAULTS[name]
    return getattr(getattr(settings, "display", None), name, _DEFAULTS[name])
