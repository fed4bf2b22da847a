// Tells clients of other protocols apart before anything they send is taken for a request. Otherwise a web page's
// fetch() could program a board through the body of a POST: its lines would be read one by one.

/** RFC 9112, section 3: method SP request-target SP HTTP-version. */
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ /;
const HTTP_VERSION = / HTTP\/\d(?:\.\d)?\s*$/;
/** Longer than any method. */
const HEAD_BYTES = 64;
const TAIL_BYTES = 16;

/** Whether the first line of a connection is an HTTP request line, of any length. */
export function isHttpRequestLine(line: Buffer): boolean {
  return (
    METHOD.test(line.toString('latin1', 0, HEAD_BYTES)) &&
    HTTP_VERSION.test(line.subarray(-TAIL_BYTES).toString('latin1'))
  );
}

/** RFC 8446, section 5.1: a record of type handshake (22), legacy version 3.x. Two bytes are enough to tell. */
export function isTlsHandshake(firstBytes: Buffer): boolean {
  return firstBytes[0] === 0x16 && firstBytes[1] === 0x03;
}
