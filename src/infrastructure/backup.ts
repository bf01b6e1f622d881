import { backUp } from './backup/back-up.js';
import { runCommand } from './backup/run-command.js';

await runCommand('backup', backUp);
