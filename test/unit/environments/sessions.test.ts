import { expect, test } from 'vitest';
import type { EnvironmentRecord } from '../../../src/environments/record.ts';
import { Sessions } from '../../../src/environments/sessions.ts';
import type { Machine } from '../../../src/machines/index.ts';
import type { EnvironmentId } from '../../../src/model/index.ts';

const ID = 'env-000000000001' as EnvironmentId;

test('while the end of a machine is settled there is no session, and others can tell', async () => {
  const sessions = new Sessions({ private: '', public: '' });
  sessions.add(ID, {} as Machine);
  const settled = Promise.withResolvers<void>();
  const settling = sessions.settle(ID, () => settled.promise);
  expect([sessions.find(ID), sessions.isSettling(ID)]).toEqual([undefined, true]);
  settled.resolve();
  await settling;
  expect(sessions.isSettling(ID)).toBe(false);
  await expect(sessions.settle(ID, () => Promise.reject(new Error('the store is full')))).rejects.toThrow(
    'full',
  );
  expect(sessions.isSettling(ID)).toBe(false);
});

test('nobody gets a connection into a guest that has no identity of its own yet', () => {
  const sessions = new Sessions({ private: '', public: '' });
  const session = sessions.add(ID, {} as Machine);
  const record = { id: ID, name: 'new', state: 'creating' } as EnvironmentRecord;
  expect(() => sessions.shell(record)).toThrow('has no identity of its own yet');
  expect(() => sessions.engine(record)).toThrow('has no identity of its own yet');
  expect(session.shell).toBeUndefined();
});
