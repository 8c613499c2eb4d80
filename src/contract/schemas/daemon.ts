import { Type } from 'typebox';
import { count, flag, moment, record, text } from './building-blocks.ts';
import { AcceleratorSchema } from './host.ts';

export const VersionInfoSchema = record(
  {
    version: text('Version of the daemon.'),
    apiVersion: Type.Integer({
      minimum: 1,
      description: 'Version of this contract; a client must speak the same.',
    }),
    node: text('Version of Node.js that runs it.'),
    qemuVersion: Type.Optional(
      text('Version of QEMU; absent when it is not installed or not looked at yet.'),
    ),
    accelerator: Type.Optional(AcceleratorSchema),
  },
  { title: 'VersionInfo', description: 'Versions of the daemon and what it stands on.' },
);

export const DaemonStatusSchema = record(
  {
    pid: count('Process id.'),
    version: text('Version of the daemon.'),
    startedAt: moment('When it started.'),
    home: text('Directory with all of its data.'),
    rssBytes: count('Resident memory of the daemon itself.'),
    environments: count('Environments it knows.'),
    running: count('Environments whose machine runs.'),
  },
  { title: 'DaemonStatus', description: 'The daemon that answers.' },
);

export const PurgeRequestSchema = record(
  { images: Type.Optional(flag('Remove images too; default true.')) },
  { title: 'PurgeRequest', description: 'What to remove beside every environment and template.' },
);

export const EventSchema = record(
  {
    sequence: count('Grows with each event; a stream resumes after it.'),
    at: moment('When it happened.'),
    kind: text('`environment.ready`, `environment.crashed`, `operation.step`, …'),
    subject: text('Name or id of what it happened to.'),
    message: text('What happened, for a person.'),
  },
  { title: 'BerthEvent', description: 'Something that happened.' },
);
