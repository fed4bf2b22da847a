import type { GuestAgent } from './guest-agent.js';

/** Makes the host's files readable in the guest, at /host, so that its programs can run there: chroot /host PROGRAM. */
export async function mountHost(agent: GuestAgent): Promise<void> {
  await agent.shell(
    'mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=262144 host /host; ' +
      'for i in dev proc sys; do mount --rbind /$i /host/$i; done',
  );
}
