// Which local user is behind a TCP connection that comes from this machine. Linux only: the tables of proc_net_tcp(5)
// have both ends of every connection between two sockets of this network namespace, each with its owner.

import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { addressBytes } from '../base/address-bytes.js';
import { systemErrorCode } from '../base/errors.js';
import { FifoLock } from '../base/fifo-lock.js';
import { MAPPED_PREFIX } from '../base/mapped-ipv4.js';
import { never } from '../base/never.js';

/** One end of a connection; the address by number, without scope. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** IPv6 sockets talk IPv4, too, so that the other end of an IPv4 connection may be in either. */
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'] as const;

export interface SocketOwnersOptions {
  /** Reads a table. @throws what `readFile` does */
  readonly read?: (file: string) => Promise<string>;
  readonly byteOrder?: 'BE' | 'LE';
}

export class SocketOwners {
  readonly #read: (file: string) => Promise<string>;
  readonly #byteOrder: 'BE' | 'LE';
  readonly #lock = new FifoLock();
  /** A look that has not begun: it serves everyone who asks until then. */
  #nextLook: Promise<readonly string[]> | undefined;

  constructor({ read = (file) => readFile(file, 'latin1'), byteOrder = endianness() }: SocketOwnersOptions = {}) {
    this.#read = read;
    this.#byteOrder = byteOrder;
  }

  /**
   * Tells who owns the other end of a connection.
   *
   * @param peer  the other end
   * @param own   our end
   * @returns     its user id; undefined if no process has it open any more, or it is not on this machine
   * @throws      what reading the tables throws
   */
  async ownerOf(peer: Endpoint, own: Endpoint): Promise<number | undefined> {
    const ends = this.#rows(peer, own);
    // The kernel may skip a row when others come and go between two reads of a long table.
    return ownerIn(await this.#look(), ends) ?? ownerIn(await this.#look(), ends);
  }

  /** A hundred clients that connect at once cost two looks. */
  #look(): Promise<readonly string[]> {
    this.#nextLook ??= this.#lock.run(never, () => {
      this.#nextLook = undefined;
      return Promise.all(TABLES.map((file) => this.#readIfThere(file)));
    });
    return this.#nextLook;
  }

  /** A kernel without IPv6 has one table only. */
  async #readIfThere(file: string): Promise<string> {
    try {
      return await this.#read(file);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT' && file !== TABLES[0]) return '';
      throw error;
    }
  }

  /** How each table writes the two addresses of a socket. */
  #rows(local: Endpoint, remote: Endpoint): readonly string[] {
    return [this.#row(local, remote, false), this.#row(local, remote, true)];
  }

  #row(localEnd: Endpoint, remoteEnd: Endpoint, asIPv6: boolean): string {
    const [local, remote] = [localEnd, remoteEnd].map(({ address, port }) => {
      const bytes = addressBytes(address);
      const mapped = asIPv6 && bytes.length === 4 ? [...MAPPED_PREFIX, ...bytes] : bytes;
      return `${this.#hex(mapped)}:${hex(port, 4)}`;
    });
    return ` ${local} ${remote} `;
  }

  /** Words of 32 bits as the kernel's memory has them, each written as a number of this machine. */
  #hex(bytes: readonly number[]): string {
    const view = new DataView(Uint8Array.from(bytes).buffer);
    const words = Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, this.#byteOrder === 'LE'));
    return words.map((word) => hex(word, 8)).join('');
  }
}

interface Row {
  readonly uid: string;
  readonly inode: string;
}

function rowsIn(tables: readonly string[], ends: readonly string[]): readonly Row[] {
  return tables.flatMap((table, i) => {
    const at = table.indexOf(ends[i]);
    if (at < 0) return [];
    // From the addresses on: local, remote, st, tx_queue:rx_queue, tr:when, retrnsmt, uid, timeout, inode.
    const [, , , , , , uid, , inode] = table.slice(at, table.indexOf('\n', at)).trim().split(/ +/);
    return [{ uid, inode }];
  });
}

/** A socket that no process has open any more is written as root's, without an inode. */
function isNobodys({ inode }: Row): boolean {
  return inode === '0';
}

function ownerIn(tables: readonly string[], ends: readonly string[]): number | undefined {
  const owned = rowsIn(tables, ends).find((row) => !isNobodys(row) && /^\d+$/.test(row.uid));
  return owned && Number(owned.uid);
}

function hex(word: number, digits: number): string {
  return word.toString(16).toUpperCase().padStart(digits, '0');
}
