FROM localhost/berth/facts:1 AS first
ARG WORD
RUN ["/bin/busybox", "sh", "-c", "mkdir -p /in; echo $WORD >/in/word; cat /etc/hosts >/in/hosts; cat /proc/self/limits >/in/limits; cat /proc/self/mountinfo >/in/mounts; ip -o link >/in/links"]
FROM first AS final
ENV STAGE=final
FROM first AS later
ENV STAGE=later
