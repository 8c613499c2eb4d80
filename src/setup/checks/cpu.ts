import { availableParallelism, cpus } from 'node:os';
import { type Check, fine, problem } from '../check.ts';
import { cpuFlags } from '../kernel-modules.ts';

/** Number of CPUs and whether they can run guests in hardware. */
export const checkCpu: Check = async () => {
  const flags = await cpuFlags();
  const model = cpus()[0]?.model.trim() ?? 'unknown model';
  const count = availableParallelism();
  const message = `${count} CPU${count === 1 ? '' : 's'} (${model})`;
  if (flags.has('vmx')) return [fine('cpu', `${message}, virtualisation by VT-x`)];
  if (flags.has('svm')) return [fine('cpu', `${message}, virtualisation by AMD-V`)];
  return [
    problem(
      'cpu',
      'warning',
      `${message}, no virtualisation (neither vmx nor svm): guests are emulated, which is slow`,
      'switch VT-x or AMD-V on in the firmware, or nested virtualisation where this host is itself a virtual machine',
    ),
  ];
};
