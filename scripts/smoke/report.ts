// The steps of a smoke test as they happen, and as a table to paste into an issue.

interface Step {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly ms: number;
}

export class Report {
  readonly #steps: Step[] = [];
  readonly #facts: string[] = [];

  fact(name: string, value: string): void {
    this.#facts.push(`- ${name}: ${value}`);
    console.log(`${name}: ${value}`);
  }

  /** Runs one step. A step that fails does not keep the others from being tried. @returns whether it went well */
  async step(name: string, run: () => Promise<string>): Promise<boolean> {
    const started = performance.now();
    let outcome: { ok: boolean; detail: string };
    try {
      outcome = { ok: true, detail: await run() };
    } catch (error) {
      outcome = { ok: false, detail: error instanceof Error ? error.message : String(error) };
    }
    const step = { name, ...outcome, ms: performance.now() - started };
    this.#steps.push(step);
    console.log(`${step.ok ? 'ok  ' : 'FAIL'} ${name}: ${step.detail} (${step.ms.toFixed(0)} ms)`);
    return step.ok;
  }

  get failed(): boolean {
    return this.#steps.some(({ ok }) => !ok);
  }

  /** Markdown. */
  get text(): string {
    const rows = this.#steps.map(
      ({ name, ok, detail, ms }) =>
        `| ${name} | ${ok ? 'ok' : '**failed**'} | ${detail.replaceAll('|', '/')} | ${ms.toFixed(0)} |`,
    );
    return ['### Smoke test', '', ...this.#facts, '', '| step | | what | ms |', '|---|---|---|---|', ...rows].join(
      '\n',
    );
  }
}
