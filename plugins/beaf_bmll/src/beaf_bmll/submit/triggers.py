"""How does a job come to have a trigger once, although the answer may be lost?"""

from __future__ import annotations

from beaf_bmll.gateway import JobGateway, Trigger
from beaf_bmll.submit.asking import Asking


def ensure_trigger(gateway: JobGateway, asking: Asking, job_id: str, trigger: Trigger) -> Trigger:
    """Give a job a trigger, known by its name, unless it has it; give it as the vendor knows it.

    Raises:
        BMLLError: it is refused, or not there when the time is up.
    """

    def there() -> list[Trigger]:
        job = gateway.get_job(job_id)
        return [each for each in job.triggers if each.name == trigger.name] if job else []

    def add() -> None:
        if not there():
            gateway.add_trigger(job_id, trigger)

    asking.until(f"the trigger {trigger.name} of job {job_id}", add, lambda: bool(there()))
    first, *others = there()
    for each in others:  # the job would run twice
        if each.id:
            gateway.delete_trigger(job_id, each.id)
    return first
