// play(), as a program for another machine: player.ts RECORDING HOST PORT. Prints the milliseconds.

import process from 'node:process';
import { play } from './play.js';

const [recording = '', host = '', port] = process.argv.slice(2);
process.stdout.write(`${await play({ recording, host, port: Number(port) })}\n`);
