import { expect } from 'vitest';
import { CRASH_POINTS, type CrashPoint } from '../../../src/base/index.ts';
import { assertInvariants } from './invariants.ts';
import type { Subject } from './subject.ts';

/** What users see: environments with their states, templates of their own, kept volumes. */
export interface Seen {
  readonly environments: Readonly<Record<string, string>>;
  readonly templates: readonly string[];
}

/** One crash point, and what is done to come there. */
export interface CrashCase {
  readonly at: CrashPoint | `${CrashPoint}@${number}`;
  /** Happens before the daemon that is to die is started, after what there is was looked at. */
  prepare?(): Promise<void>;
  /** What the daemon is asked for; it dies on the way. */
  act(): Promise<unknown>;
  /** What users see when it was finished; absent for points whose operation is undone. */
  finished?(before: Seen): Seen | Promise<Seen>;
  /** What else must hold afterwards. */
  check?(): Promise<void>;
}

/** Looks at what there is, but for what only Berth itself made. */
export async function seen(subject: Subject): Promise<Seen> {
  const environments = await subject.environments();
  const templates = await subject.templates();
  return {
    environments: Object.fromEntries(environments.map(({ name, state }) => [name, state])),
    templates: templates.filter(({ kind }) => kind === 'environment').map(({ name }) => name),
  };
}

/** Has the daemon die at the point, starts the next one, and sees that it settles the operation as the table says. */
export async function crash(
  subject: Subject,
  { at, prepare, act, finished, check }: CrashCase,
): Promise<void> {
  const outcome = CRASH_POINTS[at.split('@')[0] as CrashPoint];
  const before = await seen(subject);
  const known = new Set((await subject.operations()).map(({ id }) => id));
  await prepare?.();
  await subject.crashAt(at, act);
  await subject.startDaemon();
  await assertInvariants(subject);
  const after = await seen(subject);
  const wanted = (await finished?.(before)) ?? before;
  // It is told as it is: what was undone was cancelled, what was finished has succeeded, be it under the name of another that went on with it.
  const asked = (await subject.operations()).filter(({ id }) => !known.has(id));
  if (outcome === 'either') expect([before, wanted]).toContainEqual(after);
  else {
    expect(finished === undefined).toBe(outcome === 'undone');
    expect(after).toEqual(wanted);
    const states = new Set(asked.map(({ state }) => state));
    if (asked.length > 0) expect(states).toContain(outcome === 'undone' ? 'cancelled' : 'succeeded');
  }
  await check?.();
}

/** For a title: points with what becomes of their operation. */
export function titled<Point extends CrashPoint>(points: readonly Point[]): [Point, string][] {
  return points.map((point) => [point, CRASH_POINTS[point]]);
}

/** What is seen when an environment is there, in this state. */
export function withState(name: string, state: string): (before: Seen) => Seen {
  return (before) => ({ ...before, environments: { ...before.environments, [name]: state } });
}

/** What is seen when an environment is gone. */
export function without(name: string): (before: Seen) => Seen {
  return ({ templates, environments }) => ({
    templates,
    environments: Object.fromEntries(Object.entries(environments).filter(([one]) => one !== name)),
  });
}
