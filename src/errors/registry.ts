import { type ErrorEntry, entry } from './error-entry.ts';

export type { ErrorEntry } from './error-entry.ts';

const INPUT = 2;
const NOT_FOUND = 3;
const CONFLICT = 4;
const HOST = 5;
const DAEMON = 6;
const MACHINE = 7;

const entries = {
  // Input
  'bad-request': entry(
    400,
    INPUT,
    'A request or a command line is not valid.',
    'Correct the fields named; `./berth <command> --help` shows what is allowed.',
  ),
  'payload-too-large': entry(
    413,
    INPUT,
    'A request is larger than the daemon accepts.',
    'Send less; put large data into an image archive that the Compose file names.',
  ),
  'key-reused': entry(
    422,
    INPUT,
    'An idempotency key came with another request than the first time.',
    'Make a new key for each request, and repeat a request as it was.',
  ),
  'name-invalid': entry(
    400,
    INPUT,
    'A name has characters or a length that is not allowed.',
    'Use 1 to 40 lower-case letters, digits and hyphens, starting with a letter or digit.',
  ),
  'compose-invalid': entry(
    422,
    INPUT,
    'The Compose file cannot be read.',
    'Correct the lines named and run the command again.',
  ),
  'compose-unsupported': entry(
    422,
    INPUT,
    'The Compose file asks for something that Berth does not do.',
    'Remove or replace the entries named.',
  ),
  'archive-invalid': entry(
    422,
    INPUT,
    'An archive cannot be unpacked: it is damaged, no tar archive, or would leave its place.',
    'Make it again with `./berth volume export` or `tar`; see the entry named.',
  ),
  'archive-unsafe': entry(
    422,
    INPUT,
    'An archive holds something that would be written outside of its target; it was not.',
    'Look at it with `./berth cp ENV:PATH - | tar tv`, and copy what you want of it into an empty directory.',
  ),
  'memory-exceeded': entry(
    422,
    INPUT,
    'More memory or more CPUs are asked for than the host has.',
    'Ask for less with `--memory` or `--cpus`.',
  ),

  'registries-invalid': entry(
    422,
    INPUT,
    'The settings of container registries cannot be used.',
    'Correct `registries.yaml` in the directory of Berth, or the certificate file named: docs/registries.md.',
  ),
  'registry-denied': entry(
    403,
    INPUT,
    'A container registry wants other credentials, or any.',
    'Log in with `docker login REGISTRY` and repeat the command.',
  ),

  // Not found
  'not-found': entry(
    404,
    NOT_FOUND,
    'There is nothing of that name.',
    'See what there is with `./berth ls`.',
  ),
  'image-unknown': entry(
    404,
    NOT_FOUND,
    'There is no such image, and no recipe of that name.',
    'See what there is with `./berth image ls`; build it with `./berth image build NAME`.',
  ),
  'registry-missing': entry(
    404,
    NOT_FOUND,
    'A container registry does not have the image.',
    'Check the name and the tag of the image.',
  ),

  // Conflicts
  'name-taken': entry(
    409,
    CONFLICT,
    'The name belongs to something else already.',
    'Choose another with `--name`, or remove the holder with `./berth rm NAME`.',
  ),
  conflict: entry(
    409,
    CONFLICT,
    'Something else is being done to the same thing.',
    'Wait for it or cancel it: `./berth operation ls`.',
  ),
  'image-in-use': entry(
    409,
    CONFLICT,
    'Environments or templates need the image.',
    'Remove them first: `./berth ls`, `./berth template ls`.',
  ),
  'template-in-use': entry(
    409,
    CONFLICT,
    'Environments need the template.',
    'Remove them first: `./berth ls`.',
  ),
  'volume-in-use': entry(
    409,
    CONFLICT,
    'Containers use the volume.',
    'Stop or remove them first: `./berth volume ls ENV` shows who uses it.',
  ),
  'port-in-use': entry(
    409,
    CONFLICT,
    'A port to be published is held by another process.',
    'Stop the process named, or publish elsewhere with `--publish ADDRESS:PORT:SERVICE:PORT`.',
  ),
  'address-unavailable': entry(
    409,
    CONFLICT,
    'No address is left, or the address asked for is not one of this host.',
    'Choose an address of this host (`ip address`), or remove environments with `./berth rm NAME`.',
  ),
  'not-running': entry(409, CONFLICT, 'The environment does not run.', 'Start it with `./berth start NAME`.'),
  'already-running': entry(
    409,
    CONFLICT,
    'The environment runs already.',
    'Nothing is to be done; `./berth ps NAME` shows its services.',
  ),

  // The host
  'not-root': entry(
    403,
    HOST,
    'Machines need root on the host.',
    'Run the command again as `sudo ./berth …`.',
  ),
  'qemu-missing': entry(503, HOST, 'QEMU is not installed.', 'Install it with `sudo ./berth host setup`.'),
  'qemu-too-old': entry(
    503,
    HOST,
    'QEMU is older than 9.0.',
    'Install a newer one with `sudo ./berth host setup`.',
  ),
  'accelerator-none': entry(
    503,
    HOST,
    'No probe guest came up, neither with KVM nor under emulation.',
    'See why with `sudo ./berth host doctor`.',
  ),
  'tool-missing': entry(
    503,
    HOST,
    'A program that Berth needs is not installed.',
    'Install it with `sudo ./berth host setup`.',
  ),
  'host-setup-failed': entry(
    500,
    HOST,
    'The host could not be set up.',
    'Correct the cause shown and repeat `sudo ./berth host setup`.',
  ),
  'registry-limited': entry(
    429,
    HOST,
    'A container registry has been asked too often.',
    'Wait as long as it says; `docker login REGISTRY` raises the limit where the registry has accounts.',
  ),
  'registry-unreachable': entry(
    502,
    HOST,
    'A container registry cannot be reached, or cuts the connection.',
    'Check that this host reaches it; mirrors, proxies and private CAs: docs/registries.md.',
  ),
  'registry-invalid': entry(
    502,
    HOST,
    'What a container registry answers is no image, or has the wrong digest.',
    'Check what answers at its address; nothing of it was kept.',
  ),
  'host-exhausted': entry(
    503,
    HOST,
    'The host has no more file descriptors, processes or memory for what was asked.',
    'See what there is with `./berth capacity`; end something, or raise the limit (`LimitNOFILE`, `ulimit -n`) and try again.',
  ),
  'disk-full': entry(
    507,
    HOST,
    'The disk is full, or would be.',
    'Make room: `./berth rm NAME`, `./berth template rm NAME`, `./berth image rm NAME`; see `df -h`.',
  ),
  'capacity-exceeded': entry(
    507,
    HOST,
    'What is asked for does not fit on the host beside what runs there.',
    'See what is left with `./berth capacity`; make room with `./berth stop NAME` or `./berth rm NAME`.',
  ),
  'home-unusable': entry(
    500,
    HOST,
    'The directory of Berth cannot be used.',
    'Make it writable for root, or choose another with BERTH_HOME.',
  ),

  'backup-repository-failed': entry(
    502,
    HOST,
    'A backup repository cannot be used.',
    'Correct the cause shown; see where it is with `./berth backup repo ls`.',
  ),
  'backup-damaged': entry(
    500,
    HOST,
    'What is stored of a backup is not what was saved.',
    'Use another one: `./berth backup ls`; see what else is damaged with `restic check --read-data`.',
  ),

  // The daemon
  'daemon-not-running': entry(
    503,
    DAEMON,
    'No daemon answers.',
    'Start it with `sudo ./berth serve`, or leave out `--no-autostart`.',
  ),
  'daemon-locked': entry(
    409,
    DAEMON,
    'Another daemon serves the same directory.',
    'Use it, or stop it with `./berth daemon stop`.',
  ),
  'daemon-timeout': entry(
    504,
    DAEMON,
    'The daemon did not answer in time.',
    'See its state with `./berth daemon status`.',
  ),
  'version-mismatch': entry(
    409,
    DAEMON,
    'Command and daemon are of different versions.',
    'Restart the daemon: `./berth daemon stop`; machines go on and are adopted again.',
  ),
  'store-corrupt': entry(
    500,
    DAEMON,
    'The store cannot be read.',
    'Bring the newest good copy back with `sudo ./berth daemon restore-store`; nothing was changed.',
  ),
  'store-newer': entry(
    500,
    DAEMON,
    'The store was written by a newer version.',
    'Use that version or a later one; or go back to what this one wrote with `sudo ./berth daemon restore-store`.',
  ),
  'store-change-failed': entry(
    500,
    DAEMON,
    'The store could not be changed to what this version needs. It is as it was.',
    'Go on with the version before; a copy of the store is in `backups/store`.',
  ),

  // Machines, images, guests
  'image-build-failed': entry(
    500,
    MACHINE,
    'The image could not be built.',
    'Correct the cause shown and repeat `./berth image build NAME`.',
  ),
  'template-invalid': entry(
    409,
    MACHINE,
    'The template does not match its manifest or this QEMU, so it is not trusted.',
    'Remove it with `./berth template rm NAME`; the next `up` makes a new one.',
  ),
  'saved-state-invalid': entry(
    409,
    MACHINE,
    'What was saved of a machine is not what is there, or another QEMU saved it, so it is not loaded.',
    'Boot it from its disk with `./berth start NAME --cold`.',
  ),
  'image-corrupt': entry(
    409,
    MACHINE,
    'A disk is damaged, or was changed while its machine did not run, so it is not used. It stays as it is.',
    'Restore a backup with `./berth backup restore NAME`; `./berth start NAME --trust-disk` when you changed it yourself.',
  ),
  'hypervisor-failed': entry(
    500,
    MACHINE,
    'The hypervisor refused a command or could not be started.',
    'See the cause shown and `./berth logs --console NAME`; check the host with `sudo ./berth host doctor`.',
  ),
  'machine-crashed': entry(
    500,
    MACHINE,
    'The machine ended without being asked to.',
    'See `./berth logs --console NAME`; start it again with `./berth start NAME`.',
  ),
  'machine-unresponsive': entry(
    504,
    MACHINE,
    'The hypervisor process of the machine does not answer.',
    'Restart it with `./berth restart NAME`.',
  ),
  'boot-timeout': entry(
    504,
    MACHINE,
    'The guest did not come up in time.',
    'See `./berth logs --console NAME` and try again.',
  ),
  'guest-unreachable': entry(
    502,
    MACHINE,
    'The guest does not answer.',
    'See `./berth logs --console NAME`; restart it with `./berth restart NAME`.',
  ),
  'guest-command-failed': entry(
    502,
    MACHINE,
    'A command inside the guest failed.',
    'See the output shown; look around with `./berth shell NAME`.',
  ),
  'engine-failed': entry(
    502,
    MACHINE,
    'The container engine in the guest reported an error.',
    'Correct the cause shown; look around with `./berth shell NAME`.',
  ),
  'guest-disk-full': entry(
    507,
    MACHINE,
    'The disk of the machine is full.',
    'Grow it with `./berth resize NAME --disk SIZE`, or remove what is not needed in it.',
  ),
  'service-failed': entry(
    422,
    MACHINE,
    'A service of the Compose file did not become ready.',
    'See why with `./berth logs NAME SERVICE`.',
  ),

  // Anything
  'command-failed': entry(
    500,
    1,
    'A program on the host failed.',
    'Correct the cause shown and run the command again.',
  ),
  timeout: entry(
    504,
    124,
    'Something was not done by its deadline.',
    'Run the command again; see what the host is busy with in `sudo ./berth host doctor`.',
  ),
  cancelled: entry(
    499,
    130,
    'It was cancelled, and what had been done was undone.',
    'Run the command again when it is wanted.',
  ),
  internal: entry(
    500,
    70,
    'Berth has a defect.',
    'Run the command again; if it fails again, report it with the output of `./berth version` and `./berth daemon status`.',
  ),
} as const satisfies Record<string, ErrorEntry>;

/** Codes of all failures. */
export type ErrorCode = keyof typeof entries;

/** Every code with its HTTP status, exit code, meaning and remedy. `docs/errors.md` is printed from it. */
export const registry: Readonly<Record<ErrorCode, ErrorEntry>> = entries;
