"""Django settings, read from the environment; the defaults are safe, not convenient.

Without ``DATABASE_URL`` and ``REDIS_URL`` the program uses the embedded servers of its data
folder (``annotation.embedded``); with them the same program runs on real servers.
"""

from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from annotation import embedded
from training.code_version import VERSION as VERSION

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# Where films, snapshots, weights and (embedded) databases live.
DATA = Path(env.str("SYNDESMO_DATA", default=str(BASE_DIR / "var"))).resolve()
PICTURES = DATA / "pictures"
SNAPSHOTS = DATA / "snapshots"
WEIGHTS = DATA / "weights"
STARTER_WEIGHTS = BASE_DIR / "inference" / "starter"

DEBUG = env.bool("DEBUG", default=False)
_addresses = embedded.addresses(DATA)
_is_embedded = "DATABASE_URL" not in env.ENVIRON


def _secret(name: str) -> str:
    """A secret from the environment, else one drawn once and kept beside the embedded data.

    On real servers there is no default: two machines that each drew their own key would give one
    patient two pseudonyms.
    """
    if name in env.ENVIRON:
        return str(env.str(name))
    if _is_embedded:
        return embedded.secret(DATA, name)
    raise ImproperlyConfigured(f"Set {name} in the environment: it has no default on real servers.")


SECRET_KEY = _secret("SECRET_KEY")
# Keys the patients' pseudonyms, the UIDs and the date shifts. Whoever has it can link a film to a
# patient, so it is not stored in the database, and no API reads it.
PSEUDONYM_KEY = _secret("SYNDESMO_KEY").encode()
# Options of PS3.15 Annex E. Change is read from intervals, and sex is the strongest known factor of
# progression; both stay unless a hospital decides otherwise.
RETAIN_INTERVALS = env.bool("RETAIN_INTERVALS", default=True)
RETAIN_PATIENT_CHARACTERISTICS = env.bool("RETAIN_PATIENT_CHARACTERISTICS", default=True)

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
_https = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# JPEG-LS is decoded in the browser by WebAssembly; nothing else may run that is not ours.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; worker-src 'self'; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "django_celery_beat",
    "pgtrigger",
    "axes",
    "annotation",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "annotation.page.content_security_policy",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "annotation" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "annotation.urls"
WSGI_APPLICATION = "annotation.wsgi.application"

DATABASES = {"default": env.db("DATABASE_URL", default=_addresses.database_url)}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default=_addresses.redis_url)
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True  # the truth about a task is its job row, not the broker
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 3.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "default"
# Where networks run; everything else is for a worker that needs no GPU and no torch.
CELERY_TASK_ROUTES = {
    "annotation.tasks.pregrade": {"queue": "gpu"},
    # A training lasts hours; its work is a process of its own, and new films do not wait for it.
    "annotation.tasks.train": {"queue": "training"},
    "annotation.tasks.compare": {"queue": "gpu"},
}
CELERY_TASK_TIME_LIMIT = 24 * 3600
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"
JOB_LEASE_SECONDS = env.int("JOB_LEASE_SECONDS", default=60)
TRAINING_PROCESSES = env.int("TRAINING_PROCESSES", default=1)  # one per GPU
TRAINING_CHECKPOINT_MINUTES = env.float("TRAINING_CHECKPOINT_MINUTES", default=3.0)
READING_LEASE_MINUTES = env.int("READING_LEASE_MINUTES", default=60)
COMMIT_ANSWER_SECONDS = env.float("COMMIT_ANSWER_SECONDS", default=0.1)
SILENT_SENDER_SECONDS = env.float("SILENT_SENDER_SECONDS", default=60.0)

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "annotation.permissions.AccountBackend",
]
# Guessing passwords ends after ten tries for a quarter of an hour. Name and address together: a
# stranger elsewhere cannot lock a reader out.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "annotation.api.session.too_many_attempts"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.TokenAuthentication",
    ],
    # A view that names no role refuses everybody, not nobody.
    "DEFAULT_PERMISSION_CLASSES": ["annotation.permissions.Nobody"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "annotation.errors.answer",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
# Served from the source folders: vite has hashed the names already, nothing is left to collect.
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/?static/app/assets/.+$"
WHITENOISE_AUTOREFRESH = DEBUG
FRONTEND = BASE_DIR / "annotation" / "static" / "app"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 8 * 2**20
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "annotation.api.uploads.NamelessFile",
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
