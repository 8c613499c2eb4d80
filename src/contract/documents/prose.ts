/** What stands before the routes. */
export const opening = `# API

This file is printed from \`src/contract/\` by \`node tools/print-api.ts\`; a test compares the two. \`berth api\` prints the
same contract as OpenAPI 3.1.

The daemon serves HTTP/1.1 over a unix socket, \`/run/berth/api.sock\` or \`$BERTH_HOME/run/api.sock\`:

\`\`\`sh
curl --unix-socket /run/berth/api.sock http://berth/v1/environments
\`\`\`

Bodies are JSON of at most 1 MiB. A field that the contract does not know is an error, and every problem of a request is
reported at once. An answer with a status of 400 or more has a [Failure](#failure) as its body; its codes are explained in
[errors.md](errors.md). Times are ISO 8601 in UTC, units stand in the names, and what is absent is left out.

**Operations.** What takes long is answered with 202 and an [Operation](#operation), which is on disk before its first side
effect. Follow it with [operations.events](#operationsevents), cancel it with [operations.cancel](#operationscancel).

**Idempotency.** A request that starts an operation may carry an \`Idempotency-Key\` header of 1 to 128 letters, digits and
\`._:-\`. A repeated request with the same key gets the operation of the first, for as long as the
operation is kept. The same key with another route, path or body is refused with 422 \`key-reused\`, and nothing begins.

**Streams.** Server-sent events carry one JSON document in \`data\`; a comment is sent every 15 s. A stream of events that
failed after it had begun ends with an event of type \`failure\`, a stream of lines with the line \`{"failure": …}\`, each with
a [Failure](#failure). Events of [events.list](#eventslist) have their sequence as \`id\`: after a lost connection send it as
\`Last-Event-ID\`. Streams end when the daemon stops.`;

/** What stands between the routes and the documents. */
export const closing = `## Interactive processes

[environments.exec](#environmentsexec) and [environments.shell](#environmentsshell) are WebSockets. Every message is binary:
one byte that names the channel, then the data. A message of the client may have 1 MiB.

| channel | from | data |
|---|---|---|
| 0 | client | bytes for the standard input |
| 1 | server | bytes from the standard output; with a terminal, everything |
| 2 | server | bytes from the standard error; never with a terminal |
| 3 | both | one JSON document, in UTF-8 |

Documents of channel 3:

| document | from | meaning |
|---|---|---|
| \`{"type":"resize","rows":24,"columns":80}\` | client | the terminal has this size now |
| \`{"type":"eof"}\` | client | the standard input ends |
| \`{"type":"exit","code":0}\` | server | the process ended; the last message |
| \`{"type":"error","failure":{…}}\` | server | it could not be started or was lost; the last message |

A request that is not valid is refused with an ordinary answer before the upgrade; whatever fails later is told on channel 3.
When the client closes the socket the process is ended.`;
