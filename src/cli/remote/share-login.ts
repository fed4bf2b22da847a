import type { World } from '../world.js';
import type { Host } from './host.js';
import { SharedLogin } from './shared-login.js';

/** @returns  the host, with a login that is shared from here on if it is one over ssh; disposal ends that */
export async function shareLogin(host: Host, world: World): Promise<Disposable & { readonly host: Host }> {
  const login = host.kind === 'ssh' ? await SharedLogin.on(host, world) : undefined;
  return {
    host: host.kind === 'ssh' && login ? { ...host, login } : host,
    [Symbol.dispose]: () => login?.[Symbol.dispose](),
  };
}
