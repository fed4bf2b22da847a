/** "127.0.0.1:5555", "[::1]:5555", "lab:5555". @param host  an address by number, without brackets, or a name */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
