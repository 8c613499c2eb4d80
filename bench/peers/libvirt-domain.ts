/** The domain that libvirt starts: the guest of an environment, with libvirt's own choice of devices around it. */
export interface DomainPlan {
  readonly name: string;
  readonly directory: string;
  readonly accelerator: string;
  readonly memoryMib: number;
  readonly vcpus: number;
  readonly kernel: string;
  readonly initrd: string;
  readonly kernelArguments: readonly string[];
  readonly disk: string;
  /** MAC address, and the addresses that are built into the guest. */
  readonly mac: string;
  readonly guestAddress: string;
  readonly gateway: string;
  /** On 127.0.0.1, carried to `guestPort` by QEMU's user-mode network: an unprivileged libvirt has no other. */
  readonly port: number;
  readonly guestPort: number;
}

/** As XML of libvirt. */
export function domainXml(plan: DomainPlan): string {
  const emulated = plan.accelerator !== 'kvm';
  return [
    `<domain type='${emulated ? 'qemu' : 'kvm'}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>`,
    `<name>${plan.name}</name>`,
    `<memory unit='MiB'>${plan.memoryMib}</memory><vcpu>${plan.vcpus}</vcpu>`,
    `<os><type machine='q35'>hvm</type><kernel>${escape(plan.kernel)}</kernel>`,
    `<initrd>${escape(plan.initrd)}</initrd><cmdline>${escape(plan.kernelArguments.join(' '))}</cmdline></os>`,
    // As Berth's own machines have them: five-level paging and a timer that nobody uses cost emulation time.
    emulated
      ? `<features><acpi/><tcg><tb-cache unit='MiB'>128</tb-cache></tcg></features>`
      : '<features><acpi/></features>',
    emulated
      ? `<cpu mode='maximum'><feature policy='disable' name='la57'/></cpu>`
      : `<cpu mode='host-passthrough'/>`,
    `<clock offset='utc'><timer name='hpet' present='no'/></clock>`,
    '<devices>',
    `<disk type='file' device='disk'><driver name='qemu' type='qcow2' discard='unmap'/>`,
    `<source file='${escape(plan.disk)}'/><target dev='vda' bus='virtio'/></disk>`,
    `<controller type='usb' model='none'/><memballoon model='none'/>`,
    `<serial type='file'><source path='${escape(plan.directory)}/console.log'/></serial>`,
    `<channel type='unix'><source mode='bind' path='${escape(plan.directory)}/guest.sock'/>`,
    `<target type='virtio' name='berth.0'/></channel>`,
    '</devices>',
    `<qemu:commandline>${networkArgv(plan).map(argument).join('')}</qemu:commandline>`,
    '</domain>',
    '',
  ].join('\n');
}

/** libvirt has no port forwarding for this kind of network, so QEMU is told itself. */
function networkArgv(plan: DomainPlan): string[] {
  const forward = `tcp:127.0.0.1:${plan.port}-${plan.guestAddress}:${plan.guestPort}`;
  const network = plan.gateway.replace(/\.\d+$/, '.0/24');
  return [
    ...['-netdev', `user,id=bench0,net=${network},host=${plan.gateway},hostfwd=${forward}`],
    ...['-device', `virtio-net-pci,netdev=bench0,mac=${plan.mac},romfile=,bus=pcie.0,addr=0x10`],
  ];
}

function argument(value: string): string {
  return `<qemu:arg value='${escape(value)}'/>`;
}

function escape(plain: string): string {
  return plain
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll("'", '&apos;');
}
