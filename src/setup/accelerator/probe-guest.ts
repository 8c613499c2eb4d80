/** What both probe guests write to the serial port when their code runs. */
export const MARKER = 'BERTH-PROBE-GUEST-RUNS';

/** Value that the boot sector writes to QEMU's `isa-debug-exit` device. */
const EXIT_VALUE = 0x10;
/** Exit code of QEMU after that: QEMU's `hw/misc/debugexit.c` makes it `(value << 1) | 1`. */
export const BOOT_SECTOR_EXIT_CODE = (EXIT_VALUE << 1) | 1;
/** I/O port of the `isa-debug-exit` device. */
export const EXIT_PORT = 0xf4;

/** SeaBIOS reads no disk that is smaller than one of its cylinders (504 KiB). */
const DISK_BYTES = 1024 * 1024;
const SECTOR_BYTES = 512;
const LOAD_ADDRESS = 0x7c00;

/**
 * A disk whose boot sector runs CPUID, writes {@link MARKER} to the first serial port and ends QEMU. Real mode:
 * the least that an accelerator must be able to run.
 */
export function bootSectorDisk(): Buffer {
  const code = (message: number): number[] => [
    ...[0xfa, 0xfc], // cli; cld
    ...[0x31, 0xc0, 0x8e, 0xd8], // xor ax, ax; mov ds, ax
    ...[0x66, 0x31, 0xc0, 0x0f, 0xa2], // xor eax, eax; cpuid
    ...[0xbe, message & 0xff, message >> 8], // mov si, message
    ...[0xac, 0x84, 0xc0, 0x74, 0x11], // next: lodsb; test al, al; jz done
    ...[0x88, 0xc4, 0xba, 0xfd, 0x03], // mov ah, al; mov dx, 0x3fd
    ...[0xec, 0xa8, 0x20, 0x74, 0xfb], // wait: in al, dx; test al, 0x20; jz wait
    ...[0xb2, 0xf8, 0x88, 0xe0, 0xee], // mov dl, 0xf8; mov al, ah; out dx, al
    ...[0xeb, 0xea], // jmp next
    ...[0xb0, EXIT_VALUE, 0xe6, EXIT_PORT], // done: mov al, EXIT_VALUE; out EXIT_PORT, al
    ...[0xf4, 0xeb, 0xfd], // halt: hlt; jmp halt
  ];
  const disk = Buffer.alloc(DISK_BYTES);
  const program = Buffer.from(code(LOAD_ADDRESS + code(0).length));
  program.copy(disk);
  disk.write(`${MARKER}\r\n\0`, program.length, 'latin1');
  disk.writeUInt16LE(0xaa55, SECTOR_BYTES - 2);
  return disk;
}

const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const IMAGE_BASE = 0x400000n;

/** A static x86-64 Linux program that writes {@link MARKER} and a newline to its standard output and exits with 0. */
export function probeInit(): Buffer {
  const message = Buffer.from(`${MARKER}\n`, 'latin1');
  const code = Buffer.from([
    ...[0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0], // mov eax, SYS_write; mov edi, 1
    ...[0x48, 0x8d, 0x35, 16, 0, 0, 0], // lea rsi, [rip + 16]: the message behind this code
    ...[0xba, message.length, 0, 0, 0, 0x0f, 0x05], // mov edx, length; syscall
    ...[0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05], // mov eax, SYS_exit; xor edi, edi; syscall
  ]);
  const body = Buffer.concat([code, message]);
  const headerBytes = ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES;
  const size = BigInt(headerBytes + body.length);
  const elf = Buffer.alloc(headerBytes);
  elf.write('\x7fELF\x02\x01\x01', 0, 'latin1'); // 64 bits, little-endian, version 1
  elf.writeUInt16LE(2, 16); // e_type: executable
  elf.writeUInt16LE(62, 18); // e_machine: x86-64
  elf.writeUInt32LE(1, 20); // e_version
  elf.writeBigUInt64LE(IMAGE_BASE + BigInt(headerBytes), 24); // e_entry
  elf.writeBigUInt64LE(BigInt(ELF_HEADER_BYTES), 32); // e_phoff
  elf.writeUInt16LE(ELF_HEADER_BYTES, 52); // e_ehsize
  elf.writeUInt16LE(PROGRAM_HEADER_BYTES, 54); // e_phentsize
  elf.writeUInt16LE(1, 56); // e_phnum
  elf.writeUInt32LE(1, 64); // p_type: load
  elf.writeUInt32LE(5, 68); // p_flags: read and execute
  elf.writeBigUInt64LE(IMAGE_BASE, 80); // p_vaddr
  elf.writeBigUInt64LE(IMAGE_BASE, 88); // p_paddr
  elf.writeBigUInt64LE(size, 96); // p_filesz
  elf.writeBigUInt64LE(size, 104); // p_memsz
  elf.writeBigUInt64LE(0x1000n, 112); // p_align
  return Buffer.concat([elf, body]);
}
