"""What may a person say of the source `bmll`?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from beaf_core import TABLES, ConfigPath, did_you_mean

Via = Literal["lab", "s3", "api"]


class Config(BaseModel):
    """Options of the source `bmll`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["bmll"] = Field("bmll", description="The source's name.")
    via: Via = Field(
        "lab",
        description="The way to the tables: lab asks bmll2, on the vendor's machines; s3 reads the "
        "vendor's files; api downloads days by the Data API, from anywhere.",
    )
    root: ConfigPath | None = Field(
        None,
        description="With via: s3, what holds the vendor's folders: s3://<access point alias or "
        "bucket>, or a folder. In the Lab it may be left out.",
    )
    tables: dict[str, str] = Field(
        default_factory=dict,
        description="Table → the vendor's name for it, where that is another than BEAF knows.",
    )
    alive_only: bool = Field(
        True, description="Listings and venues are those that are alive on the day (IsAlive)."
    )
    indices: tuple[str, ...] = Field(
        (),
        description="The indices in the table membership, by code, where nobody asks for one; all "
        "that the vendor knows, a request each, where it is empty.",
    )
    cache: ConfigPath | None = Field(
        None,
        description="The folder for answers of the reference service and the Data API; "
        "beaf/bmll in $XDG_CACHE_HOME or ~/.cache where it is null. Remove it to ask anew.",
    )
    max_download_gb: float = Field(
        20.0, gt=0, description="With via: api, what a venue's day of a table may weigh."
    )
    max_wait_seconds: float = Field(
        900.0, gt=0, description="With via: api, how long one query may take, in seconds."
    )
    http_timeout: float = Field(
        60.0, gt=0, description="How long one answer of the servers may take, in seconds."
    )
    lab_org_id: str | None = Field(
        None, description="The organisation, where the key is one of the Lab's; outside of it."
    )

    @field_validator("tables")
    @classmethod
    def _known_tables(cls, given: dict[str, str]) -> dict[str, str]:
        for table in given:
            if table not in TABLES:
                raise ValueError(f'no table is called "{table}"{did_you_mean(table, TABLES)}')
        return given

    @model_validator(mode="after")
    def _root_where_it_counts(self) -> Config:
        if self.root is not None and self.via != "s3":
            raise ValueError(f"root belongs to via: s3; via is {self.via}")
        return self

    @property
    def cache_folder(self) -> Path:
        """The folder of answers."""
        if self.cache is not None:
            return Path(self.cache)
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        return Path(home, "beaf", "bmll")
