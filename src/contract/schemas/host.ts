import { Type } from 'typebox';
import { flag, list, record, text } from './building-blocks.ts';

export const AcceleratorSchema = Type.Enum(['kvm', 'tcg', 'none'], {
  description: 'What runs guests: hardware virtualisation, emulation, or nothing.',
});

export const FindingSchema = record(
  {
    check: text('Stable key: `accelerator`, `qemu`, `memory`, …'),
    level: Type.Enum(['ok', 'warning', 'error'], { description: 'How bad it is.' }),
    message: text('What is the case.'),
    remedy: Type.Optional(text('The next command to type; absent when all is well.')),
  },
  { title: 'Finding', description: 'One line of `berth host doctor`.' },
);

export const HostReportSchema = record(
  {
    ok: flag('False when at least one finding is an error.'),
    accelerator: AcceleratorSchema,
    findings: list(FindingSchema, { description: 'What was looked at, in order.' }),
  },
  { title: 'HostReport', description: 'What the host is and whether Berth can work on it.' },
);

export const SetupPlanSchema = record(
  {
    packages: list(record({ name: text('Debian package.'), why: text('What it is needed for.') }), {
      description: 'Packages that are missing; empty when the host is ready.',
    }),
  },
  { title: 'SetupPlan', description: 'What `berth host setup` would install.' },
);

export const SetupRequestSchema = record(
  {
    mergeMemory: Type.Optional(
      Type.Boolean({
        description:
          'Whether equal memory of environments with `x-berth.merge-memory` is kept once from now on; absent: as it was.',
      }),
    ),
  },
  { title: 'SetupRequest', description: 'What else is wanted of the host.' },
);
