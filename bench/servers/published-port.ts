/** One published port in a process of its own, as the daemon has it. Arguments: port to open, port behind it. */
import { createIngress } from '../../src/ingress/index.ts';

const [hostPort, target] = process.argv.slice(2).map(Number);
if (hostPort === undefined || target === undefined) throw new Error('needs two ports');
const address = '127.0.0.1';
await createIngress().publish(
  'bench',
  {
    ...{ protocol: 'tcp', service: 'bench', containerPort: target, guestPort: target },
    ...{ hostAddress: address, hostPort },
  },
  { host: address, port: target },
);
console.log(hostPort);
