"""By which columns are rows of a result told apart?"""

LISTING = "ListingId"
BUCKET = "TimeBucket"
KEYS = (LISTING, BUCKET)
#: The last trade date that contributes to a bucket: whose reference data it carries.
DAY = "__day"
#: The first one; another only where a bucket lies across midnight.
FIRST_DAY = "__first_day"
