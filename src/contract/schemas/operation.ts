import { Type } from 'typebox';
import type { OperationId } from '../../model/index.ts';
import { count, list, moment, record, text } from './building-blocks.ts';

export const OperationIdSchema = Type.Unsafe<OperationId>(
  Type.String({ pattern: '^op-[0-9a-f]{12}$', description: 'Id of an operation.' }),
);

export const ProblemSchema = record(
  {
    path: text(
      'Where: a path in the file or request, such as `services.web.ports[0]`, or the name of a flag.',
    ),
    message: text('What is wrong there.'),
    line: Type.Optional(count('1-based line, when it comes from a file.')),
    column: Type.Optional(count('1-based column, when it comes from a file.')),
  },
  { title: 'Problem', description: 'One problem of a file or request.' },
);

export const FailureSchema = record(
  {
    code: text('A code of the error registry.'),
    message: text('What is the case, in one sentence.'),
    remedy: text('The next command to type or the next thing to do.'),
    problems: Type.Optional(
      list(ProblemSchema, { description: 'Every problem of a file or request, in order.' }),
    ),
  },
  {
    title: 'Failure',
    description: 'What went wrong. The body of every answer with a status of 400 or more.',
  },
);

export const OperationStepSchema = record(
  {
    name: text('Stable key of the step.'),
    title: text('What a person reads: `boot the guest`.'),
    startedAt: moment('When it started.'),
    endedAt: Type.Optional(moment('When it ended.')),
    detail: Type.Optional(text('Latest word of progress within the step.')),
  },
  { title: 'OperationStep', description: 'One step of an operation, in the order in which steps started.' },
);

export const OperationStateSchema = Type.Enum(['running', 'cancelling', 'succeeded', 'failed', 'cancelled'], {
  description: 'The last three are final.',
});

export const OperationSchema = record(
  {
    id: OperationIdSchema,
    kind: text('`up`, `fork`, `stop`, `image-build`, `host-setup`, …'),
    targets: list(Type.String(), { description: 'Names of what it works on.' }),
    state: OperationStateSchema,
    createdAt: moment('When it was accepted.'),
    endedAt: Type.Optional(moment('When it ended.')),
    steps: list(OperationStepSchema, { description: 'Its steps so far.' }),
    result: Type.Optional(
      record({
        names: list(Type.String(), { description: 'Names of environments, templates or images it made.' }),
      }),
    ),
    error: Type.Optional(FailureSchema),
  },
  {
    title: 'Operation',
    description: 'A long-running, durable action: recorded before its first side effect.',
  },
);
