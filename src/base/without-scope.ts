/** An address without the scope that an IPv6 one may have: "fe80::1%eth0" is "fe80::1" (RFC 4007, 11). */
export function withoutScope(address: string): string {
  return address.replace(/%.*$/, '');
}
