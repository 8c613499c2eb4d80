import { expect, test } from 'vitest';
import { configurationOf } from '../../../bench/peers/haproxy.ts';
import { type DomainPlan, domainXml } from '../../../bench/peers/libvirt-domain.ts';

const PLAN: DomainPlan = {
  ...{ name: 'bench-clone', directory: '/w', accelerator: 'tcg', memoryMib: 512, vcpus: 1 },
  ...{ kernel: '/w/vmlinuz', initrd: '/w/initrd.img', kernelArguments: ['root=/dev/vda', 'quiet'] },
  ...{ disk: '/w/clone.qcow2', mac: '52:54:00:62:74:68', guestAddress: '100.64.0.2', gateway: '100.64.0.1' },
  ...{ port: 41001, guestPort: 8080 },
};

test('haproxy carries each port by itself, with one thread', () => {
  const text = configurationOf([
    { port: 1001, target: 2001 },
    { port: 1002, target: 2002 },
  ]);
  expect(text).toContain('nbthread 1');
  expect(text).toContain('  bind 127.0.0.1:1001\n  server target 127.0.0.1:2001\n');
  expect(text).toContain('  bind 127.0.0.1:1002\n  server target 127.0.0.1:2002\n');
});

test('the domain is the same guest: kernel, arguments, memory and address', () => {
  const xml = domainXml(PLAN);
  expect(xml).toContain("<domain type='qemu'");
  expect(xml).toContain('<kernel>/w/vmlinuz</kernel>');
  expect(xml).toContain('<cmdline>root=/dev/vda quiet</cmdline>');
  expect(xml).toContain("<memory unit='MiB'>512</memory>");
  expect(xml).toContain(
    'user,id=bench0,net=100.64.0.0/24,host=100.64.0.1,hostfwd=tcp:127.0.0.1:41001-100.64.0.2:8080',
  );
});

test('with KVM the domain is of that type and has the host’s processor', () => {
  const xml = domainXml({ ...PLAN, accelerator: 'kvm' });
  expect(xml).toContain("<domain type='kvm'");
  expect(xml).toContain('host-passthrough');
  expect(xml).not.toContain('tcg');
});

test('what has a meaning in XML is escaped', () => {
  expect(domainXml({ ...PLAN, kernelArguments: [`a="<&'>"`] })).toContain('a="&lt;&amp;&apos;&gt;"');
});
