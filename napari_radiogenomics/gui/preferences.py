"""What the person chose under File ▸ Preferences, as the manifest declares it."""

from __future__ import annotations

from typing import Any

__all__ = ["prefer_own_reader", "preference"]

_PLUGIN = "napari-radiogenomics"
# What napari's own reader claims too: without a preference napari asks at each drop. "*/" are
# folders; what is none of ours among them is passed on (see `contributions.get_reader`).
_OURS = (
    "*.nii", "*.nii.gz", "*.nrrd", "*.nhdr", "*.mha", "*.mhd", "*.dcm", "*.DCM", "*.dicom",
    "*.svs", "*.ome.tif", "*.ome.tiff", "*.ome.btf", "*/",
)  # fmt: skip
_DEFAULTS: dict[str, Any] = {"window": "auto", "fourth_axis": "auto", "reader": ""}
_GROUPS = {"reader": "person"}  # all others are in "display"


def preference(name: str) -> Any:
    """Return a preference of the plugin; its default where napari knows no plugin settings.

    Parameters
    ----------
    name : {"window", "fourth_axis", "reader"}
        Key of the property in the configurations of the manifest.

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
    group = getattr(settings, _GROUPS.get(name, "display"), None)
    return getattr(group, name, _DEFAULTS[name])


def prefer_own_reader() -> None:
    """Let dropped scans, slides and folders be read by this plugin without asking.

    Called when the person opens the workspace or the Cohort dock. What was chosen before under
    File ▸ Preferences ▸ Plugins stays.
    """
    from napari.settings import get_settings

    plugins = get_settings().plugins
    chosen = dict(plugins.extension2reader)
    new = {pattern: _PLUGIN for pattern in _OURS if pattern not in chosen}
    if new:
        plugins.extension2reader = {**chosen, **new}
