/** What `--simulate` takes: the ways to a probe that clients are tried through. */
export const transports = [
  'v1,packet-size=64',
  'v1,packet-size=512',
  'v2,packet-size=64',
  'v2,packet-size=512',
] as const;
