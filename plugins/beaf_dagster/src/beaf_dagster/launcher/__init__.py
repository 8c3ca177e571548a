"""How does a run of Dagster become a command that one of BEAF's launchers runs?

In `dagster.yaml`::

    run_launcher:
      module: beaf_dagster.launcher
      class: BeafRunLauncher
"""

from beaf_dagster.launcher.run_launcher import BeafRunLauncher

__all__ = ["BeafRunLauncher"]
