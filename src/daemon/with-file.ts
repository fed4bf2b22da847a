import { type FileHandle, open } from 'node:fs/promises';

/**
 * Opens a file for a task, and closes it behind it. Where both fail, the task says why.
 * @param mode  of a file that is made
 */
export async function withFile<T>(
  file: string,
  flags: string,
  task: (handle: FileHandle) => Promise<T>,
  mode?: number,
): Promise<T> {
  const handle = await open(file, flags, mode);
  let result: T;
  try {
    result = await task(handle);
  } catch (error) {
    await handle.close().catch(() => undefined); // the first error is told
    throw error;
  }
  await handle.close();
  return result;
}
