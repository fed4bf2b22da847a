import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports the system gives to those who connect (ip(7), `ip_local_port_range`): a client's port that is still
 * in TIME_WAIT could not be listened on.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** A port of 127.0.0.1 that nobody has at the moment, for a program that must be told one. */
export async function freePort(): Promise<number> {
  return await freePorts(1);
}

/** @returns the first of `count` consecutive ports of 127.0.0.1 that nobody has at the moment */
export async function freePorts(count: number): Promise<number> {
  for (;;) {
    const first = FIRST + Math.trunc(Math.random() * (LAST - FIRST - count));
    const servers = Array.from({ length: count }, (_, i) => createServer().listen(first + i, '127.0.0.1'));
    const results = await Promise.allSettled(servers.map((server) => once(server, 'listening')));
    await Promise.all(
      servers.map(async (server) => {
        if (!server.listening) return;
        server.close();
        await once(server, 'close');
      }),
    );
    if (results.every(({ status }) => status === 'fulfilled')) return first;
  }
}
