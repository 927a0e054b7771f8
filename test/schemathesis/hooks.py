"""What the document can't say of a good request: what it must agree with, here and at the simulators."""

import re

import schemathesis

WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_word(value):
    return isinstance(value, str) and WORD.fullmatch(value) is not None


@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if not isinstance(body, dict):
        return
    # A job runs in the region of its manifest. What is no region stays: it is to be refused.
    if case.operation.path == "/batch-jobs" and is_word(body.get("region")):
        del body["region"]
    # The simulators know one project; what a provider refuses is 502, as documented.
    if case.operation.path.startswith("/oms/") and is_word(body.get("projectId")):
        del body["projectId"]
