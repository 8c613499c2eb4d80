import type { Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectGuestAgent, type GuestAgent } from '../../../src/guest/index.ts';
import { FakeGuest } from './fake-guest.ts';

const SOON = { timeoutMs: 5_000 };

interface Command {
  readonly execute: string;
  readonly arguments?: Record<string, unknown>;
}

/** Plays the agent: answers synchronisation as it does, the rest by `answer`. */
function agentGuest(answer: (command: Command, socket: Socket) => unknown) {
  return async (guest: FakeGuest) =>
    guest.lines((line, socket) => {
      const text = line.replaceAll('\u00ff', '');
      const command = JSON.parse(text) as Command;
      if (command.execute === 'guest-sync-delimited') {
        socket.write(Buffer.from([0xff]));
        socket.write(`{"return": ${JSON.stringify(command.arguments?.['id'])}}\n`);
        return;
      }
      const result = answer(command, socket);
      if (result !== undefined) socket.write(`${JSON.stringify(result)}\n`);
    });
}

async function agent(guest: FakeGuest): Promise<GuestAgent> {
  const found = connectGuestAgent(guest.path);
  onTestFinished(() => found.close());
  return found;
}

test('commands are synchronised once and answered in order', async () => {
  await using guest = await FakeGuest.create();
  const heard: string[] = [];
  await agentGuest(({ execute }) => {
    heard.push(execute);
    return { return: execute.includes('freeze') || execute.includes('thaw') ? 2 : {} };
  })(guest);
  const found = await agent(guest);
  await Promise.all([
    found.ping(SOON),
    found.fsfreeze(SOON).then((count) => expect(count).toBe(2)),
    found.fsthaw(SOON),
  ]);
  expect(heard).toEqual(['guest-ping', 'guest-fsfreeze-freeze', 'guest-fsfreeze-thaw']);
});

test('what an earlier conversation left is skipped', async () => {
  await using guest = await FakeGuest.create();
  let first = true;
  await guest.listen((socket) => {
    socket.write('{"return": {"pid": 1}}\n{"ret');
    socket.on('data', (chunk) => {
      for (const line of chunk
        .toString('latin1')
        .split('\n')
        .filter((part) => part !== '')) {
        const command = JSON.parse(line.replaceAll('\u00ff', '')) as Command;
        if (command.execute === 'guest-sync-delimited') {
          socket.write(Buffer.from([0xff]));
          socket.write(`{"return": ${first ? 1 : 0}}\n`);
          first = false;
          socket.write(
            Buffer.concat([
              Buffer.from([0xff]),
              Buffer.from(`{"return": ${JSON.stringify(command.arguments?.['id'])}}\n`),
            ]),
          );
        } else socket.write('{"return": {}}\n');
      }
    });
  });
  await (await agent(guest)).ping(SOON);
});

test('exec polls until the program has ended and decodes its output', async () => {
  await using guest = await FakeGuest.create();
  let polls = 0;
  const heard: unknown[] = [];
  await agentGuest(({ execute, arguments: given }) => {
    if (execute === 'guest-exec') {
      heard.push(given);
      return { return: { pid: 42 } };
    }
    expect(given).toEqual({ pid: 42 });
    polls += 1;
    if (polls < 3) return { return: { exited: false } };
    const encode = (text: string) => Buffer.from(text).toString('base64');
    return { return: { exited: true, exitcode: 3, 'out-data': encode('out'), 'err-data': encode('err') } };
  })(guest);
  const outcome = await (await agent(guest)).exec(['/bin/a', 'b c'], { ...SOON, input: 'in' });
  expect(outcome).toEqual({ code: 3, stdout: 'out', stderr: 'err', truncated: false });
  expect(heard).toEqual([{ path: '/bin/a', arg: ['b c'], 'capture-output': true, 'input-data': 'aW4=' }]);
});

test("an error of the agent is the guest's refusal, and the line stays in use", async () => {
  await using guest = await FakeGuest.create();
  await agentGuest(({ execute }) =>
    execute === 'guest-ping' ? { return: {} } : { error: { class: 'GenericError', desc: 'no\nway' } },
  )(guest);
  const found = await agent(guest);
  await expect(found.setTime(SOON)).rejects.toMatchObject({
    code: 'guest-command-failed',
    message: 'the guest agent refused "guest-set-time": no way',
  });
  await found.ping(SOON);
  expect(guest.sockets).toHaveLength(1);
});

test('shutdown expects no answer', async () => {
  await using guest = await FakeGuest.create();
  const asked = new Promise<unknown>((resolve) => {
    void agentGuest(({ arguments: given }) => resolve(given))(guest);
  });
  await (await agent(guest)).shutdown({ timeoutMs: 5_000, mode: 'powerdown' });
  expect(await asked).toEqual({ mode: 'powerdown' });
});

test('after a deadline the next command starts a new conversation', async () => {
  await using guest = await FakeGuest.create();
  await agentGuest(() => (guest.sockets.length === 1 ? undefined : { return: {} }))(guest);
  const found = await agent(guest);
  await expect(found.ping({ timeoutMs: 60 })).rejects.toMatchObject({ code: 'guest-unreachable' });
  await found.ping(SOON);
  expect(guest.sockets).toHaveLength(2);
});

test('an answer without an end is cut off', async () => {
  await using guest = await FakeGuest.create();
  await agentGuest((_command, socket) => {
    const flood = () => {
      while (!socket.destroyed && socket.write('x'.repeat(1 << 20)));
    };
    socket.on('drain', flood);
    flood();
  })(guest);
  await expect((await agent(guest)).ping({ timeoutMs: 15_000 })).rejects.toMatchObject({
    code: 'guest-unreachable',
  });
});

test('nobody there: the deadline and the reason of the signal', async () => {
  await using guest = await FakeGuest.create();
  await expect((await agent(guest)).ping({ timeoutMs: 100 })).rejects.toMatchObject({
    code: 'guest-unreachable',
  });
  const reason = new Error('enough');
  await expect((await agent(guest)).ping({ timeoutMs: 100, signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
});
