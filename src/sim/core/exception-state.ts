// Which exceptions are pending, active and enabled, and which of them comes next: the NVIC and its system exceptions.

export const RESET = 1;
export const NMI = 2;
export const HARD_FAULT = 3;
export const SV_CALL = 11;
export const PEND_SV = 14;
export const SYS_TICK = 15;
/** Exception number of external interrupt 0. */
export const IRQ0 = 16;

/** 16 system exceptions and the 32 external interrupts of an Armv6-M NVIC. */
const EXCEPTIONS = 48;
/** Thread mode without a boost: below every exception. */
const LOWEST = 256;

/** Smaller numbers are higher priorities (DDI 0419 B1.5.4). */
export class ExceptionState {
  /** Something changed that may change what runs next; the run loop must look before the next instruction. */
  recheck = true;
  /** The event register of WFE. */
  event = false;
  /** SCR.SEVONPEND: an interrupt that becomes pending is an event, enabled or not. */
  sendEventOnPend = false;
  /** VTOR. */
  vectorTable = 0;
  /** DHCSR.C_MASKINTS: PendSV, SysTick and external interrupts wait. */
  #masked = false;
  readonly #pending = new Uint8Array(EXCEPTIONS);
  readonly #active = new Uint8Array(EXCEPTIONS);
  readonly #enabled = new Uint8Array(EXCEPTIONS).fill(1, 0, IRQ0);
  readonly #priority = new Int16Array(EXCEPTIONS);

  constructor() {
    this.reset();
  }

  reset(): void {
    this.#pending.fill(0);
    this.#active.fill(0);
    this.#enabled.fill(0, IRQ0);
    this.#priority.fill(0);
    this.#priority.set([-3, -2, -1], RESET);
    this.vectorTable = 0;
    this.event = false;
    this.sendEventOnPend = false;
    this.recheck = true;
  }

  setPending(number: number): void {
    if (this.#pending[number] !== 0) return;
    this.#pending[number] = 1;
    if (this.sendEventOnPend) this.event = true;
    this.recheck = true;
  }

  clearPending(number: number): void {
    this.#pending[number] = 0;
  }

  isPending(number: number): boolean {
    return this.#pending[number] !== 0;
  }

  /** Whether any external interrupt is pending, enabled or not. */
  get isInterruptPending(): boolean {
    return this.#pending.includes(1, IRQ0);
  }

  /** An exception is taken: it is active, and pending no more. */
  activate(number: number): void {
    this.#pending[number] = 0;
    this.#active[number] = 1;
    this.event = true; // every exception entry is an event for WFE: DDI 0419 B1.5.6, ExceptionTaken()
    this.recheck = true;
  }

  deactivate(number: number): void {
    this.#active[number] = 0;
    this.event = true;
    this.recheck = true;
  }

  isActive(number: number): boolean {
    return this.#active[number] !== 0;
  }

  get activeCount(): number {
    return this.#active.reduce((sum, active) => sum + active, 0);
  }

  /** AIRCR.VECTCLRACTIVE. */
  clearActive(): void {
    this.#active.fill(0);
    this.recheck = true;
  }

  setEnabled(number: number, enabled: boolean): void {
    this.#enabled[number] = enabled ? 1 : 0;
    this.recheck = true;
  }

  isEnabled(number: number): boolean {
    return this.#enabled[number] !== 0;
  }

  /** @param priority  one byte, of which Armv6-M has bits 7:6 */
  setPriority(number: number, priority: number): void {
    this.#priority[number] = priority & 0xc0;
    this.recheck = true;
  }

  priority(number: number): number {
    return this.#priority[number];
  }

  set masked(masked: boolean) {
    this.#masked = masked;
    this.recheck = true;
  }

  /** ExecutionPriority() of DDI 0419 B1.5.4. */
  executionPriority(primask: boolean): number {
    let lowest = primask ? 0 : LOWEST;
    for (let number = NMI; number < EXCEPTIONS; number++) {
      if (this.#active[number] !== 0 && this.#priority[number] < lowest) lowest = this.#priority[number];
    }
    return lowest;
  }

  /** The pending and enabled exception of highest priority, the lowest number among equals; 0 if there is none. */
  get firstPending(): number {
    let first = 0;
    for (let number = NMI; number < EXCEPTIONS; number++) {
      if (this.#pending[number] === 0 || this.#enabled[number] === 0) continue;
      if (this.#masked && number >= PEND_SV) continue;
      if (first === 0 || this.#priority[number] < this.#priority[first]) first = number;
    }
    return first;
  }

  /** The exception that preempts what runs now, or 0. With `primask` false: whether WFI wakes (DDI 0419, WFI). */
  preempting(primask: boolean): number {
    const first = this.firstPending;
    return first !== 0 && this.#priority[first] < this.executionPriority(primask) ? first : 0;
  }
}
