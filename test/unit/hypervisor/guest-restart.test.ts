import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { QemuMachine } from '../../../src/hypervisor/qemu/qemu-machine.ts';
import { QmpClient } from '../../../src/hypervisor/qemu/qmp/client.ts';

/** A monitor that agrees to everything. */
class Monitor extends EventEmitter {
  write(text: string): void {
    const { id } = JSON.parse(text) as { id: number };
    queueMicrotask(() => this.say({ return: {}, id }));
  }

  say(message: object): void {
    this.emit('data', Buffer.from(`${JSON.stringify(message)}\r\n`));
  }

  destroy(): void {
    this.emit('close');
  }
}

test('a reset by the guest is told, one by QEMU itself is not', async () => {
  const monitor = new Monitor();
  const opening = QmpClient.open(monitor, 1000);
  monitor.say({ QMP: { version: {} } });
  const machine = new QemuMachine({
    ...{ id: 'env-1', directory: '/nowhere', memoryMib: 512, process: { pid: process.pid, startTicks: 0 } },
    client: await opening,
    childExit: new Promise(() => undefined),
  });
  let restarts = 0;
  const off = machine.onGuestRestart(() => {
    restarts += 1;
  });
  const reset = (data: object) => monitor.say({ event: 'RESET', data });
  reset({ guest: false, reason: 'host-qmp-system-reset' });
  expect(restarts).toBe(0);
  reset({ guest: true, reason: 'guest-reset' });
  expect(restarts).toBe(1);
  let panics = 0;
  machine.onGuestPanic(() => {
    panics += 1;
  });
  monitor.say({ event: 'GUEST_PANICKED', data: { action: 'run' } });
  expect([panics, restarts]).toEqual([1, 1]);
  off();
  reset({ guest: true, reason: 'guest-reset' });
  expect(restarts).toBe(1);
});
