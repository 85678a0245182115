"""An rk pipeline on a Ray cluster: a whole rk-run in each of a number of slots, in one consumer group.

    from rk_ray import Pipeline
    Pipeline("credit.toml").run(slots=2, cpus=2, gpus=1).wait()
"""

from rk_ray.model import PipelineStatus, RkRayError, SlotStatus, Split
from rk_ray.pipeline import Pipeline, Running

__version__ = "0.2.0"
__all__ = ["Pipeline", "PipelineStatus", "RkRayError", "Running", "SlotStatus", "Split"]
