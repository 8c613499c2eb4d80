/** Published ports in a process of their own, as the daemon has them. Arguments: port to open, port behind it, and so on. */
import { createIngress } from '../../src/ingress/index.ts';

const numbers = process.argv.slice(2).map(Number);
const address = '127.0.0.1';
const ingress = createIngress();
for (let index = 0; index + 1 < numbers.length; index += 2) {
  const [hostPort = 0, target = 0] = numbers.slice(index);
  await ingress.publish(
    'bench',
    {
      ...{ protocol: 'tcp', service: 'bench', containerPort: target, guestPort: target },
      ...{ hostAddress: address, hostPort },
    },
    { host: address, port: target },
  );
}
console.log(numbers[0]);
