# Two stages: the wheel is built in the first, so that no build tool is left in the second.
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/livechat && /opt/livechat/bin/pip install --no-cache-dir . \
 && /opt/livechat/bin/pip uninstall --yes pip setuptools || true

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 judge
COPY --from=build /opt/livechat /opt/livechat
USER judge
WORKDIR /home/judge
ENV PATH=/opt/livechat/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /home/judge/reports
ENTRYPOINT ["livechat-conformance"]
CMD ["run"]
