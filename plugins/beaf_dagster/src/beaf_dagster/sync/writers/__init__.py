"""Who writes many events fastest, and still safely?

| writer | how | after a kill |
|---|---|---|
| `copy` | PostgreSQL's COPY of rows rendered from one template | a chunk is there or not |
| `transaction` | rows of the storage's mapper, a chunk at once | a chunk is there or not |
| `batch` | `store_event_batch`, Dagster's own | a chunk's tags may lack; they are mended |
"""
