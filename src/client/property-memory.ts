import type { Reply } from './request-stream.js';

/** Gets what a property is, as soon as that is known. */
type Asker = (reply: Reply) => void;

type Entry = { readonly reply: Reply } | { readonly askers: Asker[] };

/** Properties of a probe that has been opened: they come with its device. */
const LASTING = ['capabilities', 'supported_wire_protocols', 'vendor_name', 'product_name'];

/** What `readprop` has answered, for as long as it would answer the same. */
export class PropertyMemory {
  readonly #entries = new Map<string, Entry>();

  /**
   * Tells `asker` a property, now or later.
   * @returns false if nobody has asked for it: then the caller asks, and takes care of itself
   */
  tell(name: string, asker: Asker): boolean {
    const entry = this.#entries.get(name);
    if (!entry) return false;
    if ('reply' in entry) asker(entry.reply);
    else entry.askers.push(asker);
    return true;
  }

  /** Notes that the server is asked for a property. @returns what to do with its reply */
  asked(name: string): (reply: Reply) => void {
    const entry: Entry = { askers: [] };
    this.#entries.set(name, entry);
    return (reply) => {
      // It may have been forgotten meanwhile, and asked for again.
      if (this.#entries.get(name) === entry) {
        if (reply.status === 0) this.#entries.set(name, { reply });
        else this.#entries.delete(name);
      }
      for (const asker of entry.askers) asker(reply);
    };
  }

  /** Another client can change it, so nothing but this may have been asked since it was read. */
  forgetPassing(): void {
    for (const name of this.#entries.keys()) if (!LASTING.includes(name)) this.#entries.delete(name);
  }

  forgetAll(): void {
    this.#entries.clear();
  }
}
