import { restore } from './backup/restore.js';
import { runCommand } from './backup/run-command.js';

await runCommand('restore', restore);
