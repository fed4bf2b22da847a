/**
 * Runs steps that all have to be done, one after the other, also behind one that fails: as where something is given back.
 *
 * @param onFurther  gets every error but the first
 * @throws           the first error, once all steps are done
 */
export async function runAll(
  steps: readonly (() => void | Promise<void>)[],
  onFurther: (error: unknown) => void,
): Promise<void> {
  let first: { readonly error: unknown } | undefined;
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      if (first) onFurther(error);
      else first = { error };
    }
  }
  if (first) throw first.error;
}
