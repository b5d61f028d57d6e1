"""Records that only push a watermark, however many a case needs."""

import json
from datetime import datetime, timezone

from tests.unit.validation.rendered import rendered, topic

from juncture.validation.cases.schema import read_tables
from juncture.validation.harness.pushers import Pushers

RATED = "stars TINYINT, t TIMESTAMP_LTZ(3), WATERMARK FOR t AS t"
JOB = rendered({"l": topic("l", RATED)}, topic("out", "stars TINYINT"), "SELECT stars FROM l")


def test_hundreds_of_pushers_stay_in_their_columns_type_and_away_from_usual_values():
    pushers, table = Pushers(), read_tables(JOB).sources["l"]
    moment = datetime(2026, 1, 5, 12, tzinfo=timezone.utc)
    stars = [pushers.row(table, "t", moment)["stars"] for _ in range(300)]
    assert (min(stars), max(stars)) == (-128, -65)
    assert pushers.is_of(None, json.dumps({"stars": stars[0]}).encode())
    assert not any(pushers.is_of(None, json.dumps({"stars": each}).encode()) for each in (-1, 0, 5))
