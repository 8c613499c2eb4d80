import { expect, test } from 'vitest';
import { parseWrk } from '../../../bench/measure/wrk.ts';

const REPORT = `Running 2s test @ http://127.0.0.1:8080/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   820.10us    1.01ms  18.50ms   93.02%
    Req/Sec    21.80k     2.31k   25.01k    70.00%
  Latency Distribution
     50%  611.00us
     75%    0.86ms
     90%    1.42ms
     99%    1.05s
  43402 requests in 2.00s, 7.21MB read
Requests/sec:  21694.91
Transfer/sec:      3.60MB
`;

test('reads rate and latencies, whatever their units', () => {
  expect(parseWrk(REPORT)).toEqual({ requestsPerSecond: 21694.91, p50Ms: 0.611, p99Ms: 1050, errors: 0 });
});

test('counts connections that failed and answers that were none', () => {
  const bad = `${REPORT}  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 50000\n`;
  expect(parseWrk(bad).errors).toBe(54_321);
});

test('a report without figures is an error and not a zero', () => {
  expect(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused')).toThrow(/wrk says nothing/);
});
