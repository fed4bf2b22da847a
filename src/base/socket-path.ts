/**
 * How many bytes the path of a Unix socket may have. sockaddr_un has room for 108 on Linux (unix(7)) and 104 on macOS and
 * the BSDs (sys/un.h), of which one ends the path.
 * @param platform  `process.platform`
 */
export function longestSocketPathBytes(platform: string): number {
  return (platform === 'linux' ? 108 : 104) - 1;
}
