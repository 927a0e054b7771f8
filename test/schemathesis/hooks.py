"""What the document can't say of a good request: what it must agree with, here and at the simulators."""

import re

import schemathesis

WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

# Fields whose parts must agree with each other, and what stands for whatever has their form.
FORMS = {
    "target": (re.compile(r"(?is)(cos|obs)://[a-z]{2}-[a-z]+[^/]*/[^/]+(/.*)?"), "cos://ap-shanghai/examplebucket-1250000000/to/"),
    "schedule": (re.compile(r"[0-9A-Za-z*,/-]+( [0-9A-Za-z*,/-]+){4}"), "0 3 * * *"),
    "pace": (re.compile(r"([A-Za-z]\S* )?(.{11} [0-9]{1,7}/s( [0-9]{1,4}MB/s)?, )*[0-9]{1,7}/s( [0-9]{1,4}MB/s)?"), "50/s"),
}


def is_time(value):
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def is_word(value):
    return isinstance(value, str) and WORD.fullmatch(value) is not None


@schemathesis.hook
def before_call(context, case, kwargs):
    # The simulators know one project; what a provider refuses is 502, as documented.
    if case.operation.path.startswith("/oms/") and isinstance(case.query, dict) and is_word(case.query.get("projectId")):
        del case.query["projectId"]
    body = case.body
    if not isinstance(body, dict):
        return
    for name, (form, good) in FORMS.items():
        if isinstance(body.get(name), str) and form.fullmatch(body[name]):
            body[name] = good
    # A slot ends after its start, and before the next one.
    slots = body.get("bandwidthPolicy")
    if isinstance(slots, list) and slots and all(
        isinstance(slot, dict) and is_time(slot.get("start")) and is_time(slot.get("end")) for slot in slots
    ):
        body["bandwidthPolicy"] = [{**slots[0], "start": "08:00", "end": "18:00"}]
    # Only tasks that move a list have a file of it.
    source = body.get("srcNode")
    if isinstance(source, dict) and isinstance(source.get("listFile"), dict) and "LIST" not in str(body.get("taskType")).upper():
        del source["listFile"]
    # A job runs in the region of its manifest. What is no region stays: it is to be refused.
    if case.operation.path == "/batch-jobs" and is_word(body.get("region")):
        del body["region"]
    if case.operation.path.startswith("/oms/") and is_word(body.get("projectId")):
        del body["projectId"]
