/** What happens in the daemon, for whoever wants to know: the log, `probectl events`, tests. */
export type DaemonEvent =
  | { readonly type: 'attached'; readonly uid: string }
  | { readonly type: 'detached'; readonly uid: string }
  /** The probe's port answers. */
  | { readonly type: 'served'; readonly uid: string; readonly port: number }
  /** The probe's port cannot be opened; it is tried again. */
  | { readonly type: 'failed'; readonly uid: string; readonly error: Error };
