# One image for web, workers and scheduler; docker-compose.yml says who runs what.
FROM node:20-slim AS frontend
WORKDIR /app/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci
COPY frontend ./
RUN npm run build

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SYNDESMO_DATA=/data
WORKDIR /app
COPY requirements.lock ./
# The installer comes first, out of the same lock and held to the same hashes.
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > /tmp/installer.lock \
    && pip install --no-cache-dir --require-hashes -r /tmp/installer.lock \
    && uv pip sync --system --no-cache --require-hashes requirements.lock
RUN useradd --uid 10001 --no-create-home syndesmo \
    && mkdir /data && chown syndesmo /data
COPY manage.py ./
COPY inference inference
COPY training training
COPY annotation annotation
COPY --from=frontend /app/annotation/static/app annotation/static/app
USER syndesmo
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "annotation.wsgi", "--bind", "0.0.0.0:8000", "--preload", \
     "--workers", "2", "--threads", "4", "--keep-alive", "75", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
