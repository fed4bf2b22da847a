#!/usr/bin/env node
// probectl's composition root.

process.stderr.write(
  'probectl: not there yet: this version of probed is driven by its command line, see probed --help\n',
);
process.exitCode = 1;
