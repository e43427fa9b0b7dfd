# Two stages: the suite is installed in the first, so that no build tool is left in the second.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN python -m venv --without-pip /opt/livechat
RUN python -m pip --python /opt/livechat/bin/python install --no-cache-dir .

FROM python:3.12-slim-bookworm
RUN python -m pip uninstall --yes --root-user-action=ignore pip \
 && useradd --create-home --uid 10001 judge \
 && install --directory --owner=judge --group=judge /home/judge/reports
COPY --from=build /opt/livechat /opt/livechat
USER 10001
WORKDIR /home/judge
ENV PATH=/opt/livechat/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /home/judge/reports
ENTRYPOINT ["livechat-conformance"]
CMD ["run"]
