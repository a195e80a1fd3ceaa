import json
import os
import subprocess
import sys
from pathlib import Path

_REQUEST = """
import json, sys, time
from wsgiref.util import setup_testing_defaults
began = time.perf_counter()
from annotation.wsgi import application
environ = {"PATH_INFO": "/api/v1/health"}
setup_testing_defaults(environ)
environ["HTTP_HOST"] = "localhost"
answer = {}
def start_response(status, headers, error=None):
    answer["status"] = status
body = b"".join(application(environ, start_response))
loaded = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps({"loaded": loaded, **answer, "body": body.decode()}))
"""


def test_the_web_process_answers_without_loading_torch(servers: None) -> None:
    """Seconds of start and a gigabyte per process; only the worker's tasks need it."""
    home = Path(__file__).resolve().parent.parent
    run = subprocess.run(
        [sys.executable, "-c", _REQUEST],
        cwd=home,
        env=os.environ | {"PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(run.stdout.splitlines()[-1])
    assert seen["status"] == "200 OK", seen["body"]
    assert {"annotation", "django", "rest_framework"} <= set(seen["loaded"])
    assert {"torch", "torchvision", "timm", "safetensors.torch"} & set(seen["loaded"]) == set()
