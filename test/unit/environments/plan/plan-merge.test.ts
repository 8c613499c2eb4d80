import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEEP, planMerge, TOO_DEEP } from '../../../../src/environments/plan/plan-merge.ts';
import type { TemplateId } from '../../../../src/model/index.ts';

/** Nearest first, as a disk lists them: `l0` lies right below the layer that is written to. */
const chain = (length: number) => Array.from({ length }, (_, index) => `l${index}` as TemplateId);
const nobody = () => false;

test('a disk that is not deep is left alone', () => {
  expect(planMerge([], nobody)).toBeUndefined();
  expect(planMerge(chain(DEEP), nobody)).toBeUndefined();
  expect(planMerge(chain(DEEP + 1), nobody)).toBe(1);
});

test('of layers that nobody else needs only the lowest is left', () => {
  expect(planMerge(chain(20), nobody)).toBe(1);
});

test('layers that somebody else needs are left where enough others lie above them', () => {
  const layers = chain(14);
  const needed = new Set(layers.slice(9));
  expect(planMerge(layers, (id) => needed.has(id))).toBe(5);
});

test('a disk all of whose layers are needed becomes shallow all the same', () => {
  expect(planMerge(chain(13), () => true)).toBe(6);
});

test('an operation that is to add a layer waits for a merge only when there are almost too many', () => {
  expect(planMerge(chain(TOO_DEEP - 1), nobody, TOO_DEEP - 1)).toBeUndefined();
  expect(planMerge(chain(TOO_DEEP), nobody, TOO_DEEP - 1)).toBe(1);
});

test('whatever is needed, a merge leaves between one and six layers, or as many as nobody else needs above fewer', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: DEEP + 1, maxLength: 40 }), (flags) => {
      const layers = chain(flags.length);
      const keep = planMerge(layers, (id) => flags[Number(id.slice(1))] ?? false) ?? 0;
      expect(keep).toBeGreaterThanOrEqual(1);
      expect(keep).toBeLessThanOrEqual(6);
    }),
  );
});
