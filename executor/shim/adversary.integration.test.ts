import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { constants, networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pingDuring } from './testing/host-ping.ts';
import { createShimBench, type SandboxedShim, type ShimBench } from './testing/sandboxed-shim.ts';
import { decodeOutput } from './text.ts';

/**
 * Whatever a model or a web page might have a worker run: each script tries to get out, to reach someone else, or to
 * bring the machine down, and says how far it came.
 */
const secret = 'canary-5f0c1d';
const marker = 'marker-outlives';
const abstractName = `reeve-adversary-${process.pid}`;
let bench: ShimBench;
let pair: SandboxedShim;
let neighbour: SandboxedShim;
let level: Awaited<ReturnType<ShimBench['launcher']['level']>>;

beforeAll(async () => {
  process.env['REEVE_ADVERSARY_CANARY'] = secret;
  bench = await createShimBench();
  [pair, neighbour, level] = [await bench.open(), await bench.open(), await bench.launcher.level()];
});
afterAll(async () => {
  await bench.close();
});

async function say(command: string, timeoutMs = 30_000): Promise<string> {
  const request = { command: `exec 2>&1; ${command}`, timeoutMs, maxOutputBytes: 128 * 1024 };
  const outcome = await pair.client.run(request);
  if (outcome.kind === 'refused') throw new Error(`${outcome.code}: ${outcome.detail}`);
  return decodeOutput(outcome.value.stdout).text.trim();
}

async function python(program: string, timeoutMs?: number): Promise<string> {
  const written = await pair.client.writeFile('/work/adversary.py', Buffer.from(program));
  if (written.kind === 'refused') throw new Error(written.detail);
  return say('python3 -u adversary.py', timeoutMs);
}

/** Each line a call of the C library: prints its name and `ok` or the error's name. */
async function tryCalls(calls: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const program = [
    'import ctypes, errno, os, platform',
    'libc = ctypes.CDLL(None, use_errno=True)',
    'x86 = platform.machine() == "x86_64"',
    'def attempt(name, call):',
    '    ctypes.set_errno(0)',
    '    print(name, "ok" if call() != -1 else errno.errorcode[ctypes.get_errno()])',
    ...Object.entries(calls).map(([name, call]) => `attempt("${name}", lambda: ${call})`),
  ].join('\n');
  const lines = (await python(program)).split('\n');
  return Object.fromEntries(lines.map((line) => line.split(' ', 2)));
}

describe('out of the sandbox by the kernel', () => {
  it('no call that would give new powers is answered', async () => {
    const answers = await tryCalls({
      unshareUser: 'libc.unshare(0x10000000)',
      unshareMount: 'libc.unshare(0x00020000)',
      unshareNetwork: 'libc.unshare(0x40000000)',
      cloneUser: 'libc.syscall(56 if x86 else 220, 0x10000011, 0, 0, 0, 0)',
      clone3: 'libc.syscall(435, 0, 0)',
      setns: 'libc.setns(os.open("/proc/1/ns/mnt", os.O_RDONLY), 0)',
      mount: 'libc.mount(b"none", b"/work", b"tmpfs", 0, None)',
      remount: 'libc.mount(None, b"/usr", None, 32 | 4096, None)',
      umount: 'libc.umount2(b"/work", 2)',
      pivotRoot: 'libc.syscall(155 if x86 else 41, b"/work", b"/work")',
      openTree: 'libc.syscall(428, -100, b"/", 1)',
      chroot: 'libc.chroot(b"/work")',
      ptraceShim: 'libc.ptrace(16, os.getppid(), 0, 0)',
      ptraceInit: 'libc.ptrace(16, 1, 0, 0)',
      processMemory: 'libc.syscall(310 if x86 else 270, os.getppid(), 0, 0, 0, 0, 0)',
      descriptorOfAnother: 'libc.syscall(438, 0, 0, 0)',
      bpf: 'libc.syscall(321 if x86 else 280, 0, 0, 0)',
      perfEvents: 'libc.syscall(298 if x86 else 241, 0, 0, -1, -1, 0)',
      userfaultfd: 'libc.syscall(323 if x86 else 282, 0)',
      ioUring: 'libc.syscall(425, 1, 0)',
      addKey: 'libc.syscall(248 if x86 else 217, b"user", b"a", b"b", 1, -3)',
      keyctl: 'libc.syscall(250 if x86 else 219, 0, -3, 0)',
      loadModule: 'libc.syscall(313 if x86 else 273, 0, b"", 0)',
      kexec: 'libc.syscall(246 if x86 else 104, 0, 0, 0, 0)',
      fileHandle: 'libc.syscall(304 if x86 else 265, -100, 0, 0)',
      personality: 'libc.personality(0x0400000)',
      kernelLog: 'libc.klogctl(3, 0, 0)',
      laterKernel: 'libc.syscall(467, 0, 0, 0)',
      x32: 'libc.syscall(0x40000000 + 39) if x86 else -1 if libc.syscall(467) else 0',
      setuid: 'libc.setuid(0)',
      setHostname: 'libc.sethostname(b"x", 1)',
      typeIntoTerminal: 'libc.ioctl(os.openpty()[1], 0x5412, b"x")',
      lineDiscipline: 'libc.ioctl(os.openpty()[1], 0x5423, b"\\x15\\0\\0\\0")',
    });
    const unknown = ['clone3', 'ioUring', 'laterKernel', 'x32'];
    const expected = Object.keys(answers).map((name) => [
      name,
      unknown.includes(name) ? 'ENOSYS' : name === 'setuid' ? 'EINVAL' : 'EPERM',
    ]);
    expect(answers).toEqual(Object.fromEntries(expected));
    expect(Object.keys(answers)).toHaveLength(33);
  });

  it('no device, no set-uid program and no file of the kernel helps', async () => {
    expect(await say('mknod /work/mem c 1 1; mknod /tmp/sda b 8 0')).toMatch(
      /not permitted.*\n.*not permitted/,
    );
    expect(await say('ls /dev | tr "\\n" " "; ls /dev/mem /dev/kvm /dev/fuse /dev/net/tun | wc -l')).toMatch(
      /^(console )?core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero .*0$/s,
    );
    const mine =
      'cp /bin/bash mine; chmod 6755 mine; ./mine -p -c "id -u; id -g; grep ^CapEff /proc/self/status"';
    expect(await say(mine)).toBe('1000\n1000\nCapEff:\t0000000000000000');
    expect(await say('echo | su -c id root; echo $?')).not.toMatch(/uid=0/);
    const files = [
      'sys/kernel/core_pattern',
      'sys/kernel/hostname',
      'sys/vm/overcommit_memory',
      'sysrq-trigger',
    ];
    for (const file of [...files, 'sys/user/max_user_namespaces'])
      expect(await say(`echo 1 > /proc/${file}`), file).toMatch(/Permission denied|Read-only|No such file/);
    expect(await say('ls /sys; echo > /proc/1/mem; cat /proc/kcore')).toMatch(/No such file/);
    expect(await say('chmod 777 /usr/bin/env; touch /usr/x /etc/x /app/x /run/reeve/x 2>&1 | wc -l')).toMatch(
      /4$/,
    );
  });

  it('census: no capability, no new privilege, filtered calls, one id', async () => {
    const status = await say(
      'grep -E "^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)" /proc/self/status; cat /proc/self/uid_map',
    );
    expect(status.replaceAll(/[ \t]+/g, ' ').split('\n')).toEqual([
      ...['Uid: 1000 1000 1000 1000', 'Gid: 1000 1000 1000 1000', 'Groups: '],
      ...['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'].map((set) => `Cap${set}: 0000000000000000`),
      ...['NoNewPrivs: 1', 'Seccomp: 2', ' 1000 0 1'],
    ]);
  });

  it('census: what can be written is scratch, bounded memory, and devices that hold nothing', async () => {
    const mounts = await say(
      `awk '{ split($6, o, ","); print $5, o[1], ($6 ~ /nosuid/) ? "nosuid" : "SUID", ($6 ~ /nodev/) ? "nodev" : "dev" }' /proc/self/mountinfo`,
    );
    const writable = mounts.split('\n').filter((line) => line.includes(' rw '));
    expect(writable.sort()).toEqual([
      ...['/dev/full', '/dev/null', '/dev/pts', '/dev/random'].map((path) => `${path} rw nosuid dev`),
      '/dev/shm rw nosuid nodev',
      ...['/dev/tty', '/dev/urandom', '/dev/zero'].map((path) => `${path} rw nosuid dev`),
      ...['/home/worker', '/proc', '/tmp', '/work'].map((path) => `${path} rw nosuid nodev`),
    ]);
    expect(mounts).not.toMatch(/SUID/);
  });

  it('no signal opens a debugger in the shim', async () => {
    expect(await say(`tr '\\0' ' ' < /proc/2/cmdline`)).toContain('/app/shim.mjs');
    const caught = BigInt(`0x${await say(`sed -n 's/^SigCgt:\\s*//p' /proc/2/status`)}`);
    const bitOfUsr1 = 1n << BigInt(constants.signals.SIGUSR1 - 1);
    expect(caught & bitOfUsr1, 'nobody in the shim waits for it').toBe(0n);
    const look = `python3 -c "import socket; print(socket.socket().connect_ex(('127.0.0.1', 9229)))"`;
    expect(await say(`kill -USR1 2 && sleep 1; ${look}`)).toBe('111');
    expect(await say('echo alive')).toBe('alive');
  });

  it('census: one listener, the proxy, and one socket, the pair’s', async () => {
    expect(await say(`awk '$4 == "0A" { print $2 }' /proc/net/tcp /proc/net/tcp6`)).toBe('0100007F:0C38');
    expect(await say(`awk 'NR > 1 && NF > 7 { print $8 }' /proc/net/unix; find / -xdev -type s`)).toBe(
      '/run/reeve/pair/sock',
    );
    expect(await say('ls -A /run/reeve /run/reeve/pair')).toMatch(/Permission denied|pair:$/);
  });
});

describe('to someone else', () => {
  let server: Server;
  let abstract: Server;
  let connections = 0;
  const listen = async (created: Server, at: object | string): Promise<Server> => {
    created.on('connection', () => {
      connections += 1;
    });
    created.listen(at);
    await once(created, 'listening');
    return created;
  };

  beforeAll(async () => {
    server = await listen(createServer(), { port: 0, host: '0.0.0.0' });
    abstract = await listen(createServer(), `\0${abstractName}`);
  });
  afterAll(() => {
    server.close();
    abstract.close();
  });

  it('the files, processes and environment of the host and of other tasks are not there', async () => {
    await neighbour.client.writeFile('secret', Buffer.from(secret));
    const hidden = [
      bench.directory,
      '/root',
      resolve(import.meta.dirname, '../../package.json'),
      '/etc/shadow',
    ];
    for (const path of [...hidden, '/var', '/home/worker/..//root', '/proc/1/root/root', '/work/../root'])
      expect(await say(`ls -la '${path}'`), path).toMatch(/No such file|Permission denied/);
    const places = '/proc/[0-9]*/environ /proc/[0-9]*/cmdline /work /tmp /home /run';
    expect(await say(`grep -arls '${secret.slice(0, -1)}[${secret.at(-1)}]' ${places} | cat`)).toBe('');
    expect(Number(await say('ls /proc | grep -c "^[0-9]"'))).toBeLessThanOrEqual(6);
    const other = await bench.open();
    await expect(other.client.run({ command: 'kill -9 -1', timeoutMs: 5000 })).rejects.toThrow(
      'sandbox lost',
    );
    expect(await say('echo alive'), 'a pair that kills all it can reach').toBe('alive');
  });

  it('no address of the host, of its networks or of a cloud answers, in whatever notation', async () => {
    const { port } = server.address() as { port: number };
    const own = Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map(({ address }) => address),
    );
    const names = [
      '127.0.0.1',
      'localhost',
      '127.1',
      '127.0.1.1',
      '0.0.0.0',
      '0',
      '2130706433',
      '0x7f000001',
    ];
    const notations = ['0177.0.0.1', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::', '[::1]'];
    const networks = ['10.0.0.1', '172.16.0.1', '172.17.0.1', '192.168.0.1', '192.168.1.1', '100.64.0.1'];
    const special = [
      '169.254.169.254',
      '169.254.170.2',
      'fd00:ec2::254',
      'fe80::1',
      '64:ff9b::a9fe:a9fe',
      '224.0.0.1',
    ];
    const outside = [
      '255.255.255.255',
      '1.1.1.1',
      '8.8.8.8',
      '2606:4700:4700::1111',
      'example.com',
      'metadata.google.internal',
    ];
    const targets = [...names, ...notations, ...networks, ...special, ...outside, ...own];
    const reached = await python(
      `import socket
for host in ${JSON.stringify(targets)}:
    for port in (${port}, 80, 53, 22):
        try:
            for family, kind, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                with socket.socket(family, kind) as s:
                    s.settimeout(1)
                    s.connect(address)
                    print("reached", host, port)
        except OSError: pass
        try:
            for family, kind, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM):
                with socket.socket(family, kind) as s:
                    s.sendto(b"x", address)
                    if address[0] not in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "127.0.1.1", "0.0.0.0", "::"): print("sent", host, port)
        except OSError: pass
print("done")`,
      60_000,
    );
    expect(reached).toBe('done');
    expect(connections).toBe(0);
  });

  it('no abstract socket, door or socket of another kind', async () => {
    const answers = await python(`import errno, socket, glob
def attempt(name, make):
    try: make(); print(name, "ok")
    except OSError as e: print(name, errno.errorcode.get(e.errno, e.errno))
def unix(path):
    s = socket.socket(socket.AF_UNIX); s.connect(path)
attempt("abstract", lambda: unix("\\0${abstractName}"))
attempt("link", lambda: unix("/run/reeve/link.sock"))
attempt("gateway", lambda: unix("/run/reeve/gateway.sock"))
attempt("pair", lambda: unix("/run/reeve/pair/sock"))
attempt("dbus", lambda: unix("/run/dbus/system_bus_socket"))
attempt("docker", lambda: unix("/var/run/docker.sock"))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
attempt("raw6", lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58))
attempt("ping", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP))
attempt("packet", lambda: socket.socket(17, socket.SOCK_RAW, 0))
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM, 0))
attempt("alg", lambda: socket.socket(38, socket.SOCK_SEQPACKET, 0))
attempt("bluetooth", lambda: socket.socket(31, socket.SOCK_RAW, 0))
attempt("netfilter", lambda: socket.socket(16, socket.SOCK_RAW, 12))
attempt("audit", lambda: socket.socket(16, socket.SOCK_RAW, 9))
attempt("routes", lambda: socket.socket(16, socket.SOCK_RAW, 0))`);
    expect(Object.fromEntries(answers.split('\n').map((line) => line.split(' ', 2)))).toEqual({
      abstract: 'ECONNREFUSED',
      link: 'ENOENT',
      gateway: 'ENOENT',
      pair: 'ENOENT',
      dbus: 'ENOENT',
      docker: 'ENOENT',
      raw: 'EPERM',
      raw6: 'EPERM',
      ping: 'EPROTONOSUPPORT',
      packet: 'EAFNOSUPPORT',
      vsock: 'EAFNOSUPPORT',
      alg: 'EAFNOSUPPORT',
      bluetooth: 'EAFNOSUPPORT',
      netfilter: 'EPROTONOSUPPORT',
      audit: 'EPROTONOSUPPORT',
      routes: 'ok',
    });
    expect(connections).toBe(0);
  });

  it('no trick of names or links leads the loop’s file calls out of scratch', async () => {
    await say(
      'ln -s / root; ln -s /proc/self/environ environment; mkdir -p a; ln -s ../../etc a/up; ln /etc/passwd hard',
    );
    const paths = [
      'root/etc/passwd',
      'environment',
      'a/up/passwd',
      '/proc/self/environ',
      '/work/./../etc/passwd',
    ];
    for (const path of [...paths, '//etc/passwd', 'a/../../etc/passwd', '/work/root/proc/1/environ'])
      expect(await pair.client.readFile(path, { maxBytes: 100 }), path).toMatchObject({ code: 'outside' });
    for (const path of ['root/tmp/x', 'a/up/x', '/tmp/x'])
      expect(await pair.client.writeFile(path, Buffer.from('x')), path).toMatchObject({ code: 'outside' });
    expect(await pair.client.stat('hard')).toMatchObject({ code: 'not-found' });
    expect(await say('rm -rf root environment a; ls /tmp/x')).toMatch(/No such file/);
  });
});

describe('down with the machine', () => {
  interface Bomb {
    readonly name: string;
    readonly command: string;
    readonly said: RegExp;
  }
  const bombs: readonly Bomb[] = [
    {
      name: 'forks',
      command:
        'echo begun; bomb() { bomb | bomb & }; bomb 2>/dev/null; (exec 2>/dev/null; while :; do sleep 9 & done); sleep 60',
      said: /^begun/,
    },
    {
      name: 'threads',
      command: `python3 -c 'import threading, time
n = 0
try:
    while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); n += 1
except RuntimeError as e: print(n < 200, e, flush=True); import os; os._exit(0)'`,
      said: /^True can't start new thread/,
    },
    {
      name: 'open files',
      command: `python3 -c 'import os
n = 0
try:
    while True: os.pipe(); n += 2
except OSError as e: print(n < 5000, e.strerror)'`,
      said: /^True Too many open files/,
    },
    {
      name: 'memory file systems',
      command: 'for d in /tmp /dev/shm ~; do head -c 2G /dev/zero > $d/x; done; rm -f /tmp/x /dev/shm/x ~/x',
      said: /(No space left.*){3}/s,
    },
    {
      name: 'output',
      command: 'head -c 100M /dev/zero | tr "\\0" x; echo; echo last',
      said: /bytes omitted.*last$/s,
    },
    {
      name: 'busy loops',
      command: 'for i in 1 2 3 4 5 6 7 8; do (while :; do :; done) & done; sleep 2; echo slept',
      said: /^slept$/,
    },
  ];

  it.each(bombs)('$name: ended, and the host answers meanwhile', async ({ command, said }) => {
    let output = '';
    const figures = await pingDuring(async () => {
      output = await say(command, 3000);
    });
    expect(output).toMatch(said);
    expect(await say('echo fine')).toBe('fine');
    expect(figures.worst, JSON.stringify(figures)).toBeLessThan(2000);
  });

  it('memory: the bomb is killed, the shim and the host go on', async ({ skip, annotate }) => {
    if (level.limits.memory !== 'cgroup') skip('no memory cgroup can be made here');
    const figures = await pingDuring(async () => {
      expect(await say(`python3 -c 'b = b"x" * 4_000_000_000'; echo $?`)).toMatch(/137$/);
      expect(
        await say(
          `for i in $(seq 15); do python3 -c 'b = b"x" * 60_000_000; import time; time.sleep(2)' & done; wait; echo waited`,
        ),
      ).toMatch(/waited$/);
    });
    expect(await say('echo fine')).toBe('fine');
    await annotate(`pings: ${JSON.stringify(figures)}`);
    expect(figures.worst).toBeLessThan(2000);
  });

  it('disk: refused at the size of scratch', async ({ skip, annotate }) => {
    if (level.limits.scratch !== 'file-system') skip('scratch is watched here, see the launcher’s tests');
    const figures = await pingDuring(async () => {
      expect(
        await say(
          'for i in $(seq 9); do dd if=/dev/zero of=f$i bs=1M count=100; done 2>&1 | grep -c "No space"',
        ),
      ).toBe('7');
      expect(Number.parseInt(await say('du -sm /work'), 10)).toBeLessThanOrEqual(256);
    });
    expect(await say('rm -f f*; echo fine > g; cat g')).toBe('fine');
    await annotate(`pings: ${JSON.stringify(figures)}`);
    expect(figures.worst).toBeLessThan(2000);
  });

  it('processes that want to outlive their command and their task do not', async () => {
    const stubborn = `python3 -c 'import os, signal, time
for s in (1, 2, 3, 15): signal.signal(s, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: time.sleep(1) # ${marker}
' & disown; (trap "" TERM HUP; setsid sh -c 'while :; do sleep 1; done # ${marker}' &) ; sleep 0.5; pgrep -cf ${marker}`;
    expect(Number(await say(stubborn))).toBeGreaterThanOrEqual(2);
    expect(await say(`pgrep -cr D,R,S,T 'python|sleep' | cat`)).toBe('0');
    const other = await bench.open();
    void other.client
      .run({ command: stubborn.replace('sleep 0.5', 'sleep 60'), timeoutMs: 60_000 })
      .catch(() => undefined);
    await expect.poll(() => onHost(marker)).toBeGreaterThan(0);
    await other.executor.kill();
    expect(onHost(marker)).toBe(0);
  });
});

/** Processes of the whole host with `text` in their command line, but for the search itself. */
function onHost(text: string): number {
  const lines = execFileSync('/usr/bin/ps', ['-eo', 'stat,args'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes(text) && !line.startsWith('Z')).length;
}
