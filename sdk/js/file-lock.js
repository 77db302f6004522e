// A file that one holder at a time has, for node. The kernel keeps the lock, with the file
// that is open: it ends with the process, however that ends. What the file has in it, and
// that it is there, says nothing; so it is never removed, and no lock is ever stale.
//
// node has no flock(). In Linux the command of that name takes the lock for a file that node
// has opened, and ends; the lock stays with the open file. In macOS and Windows opening takes
// it. Containers whose folder is on one machine's disk share the lock; machines that
// share a folder do where its file system takes locks to its server (NFS 4 does).
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';

import { Failure } from './module.js';

const FLAGS = constants.O_RDWR | constants.O_CREAT;
// O_EXLOCK, which node does not name: that of macOS, and UV_FS_O_EXLOCK of libuv in Windows
const EXCLUSIVELY = { darwin: 0x20 | constants.O_NONBLOCK, win32: 0x10000000 };
const HELD = new Set(['EAGAIN', 'EWOULDBLOCK', 'EBUSY']);

const held = path => new Failure('busy', 'state-in-use',
  `Another process, or another client of this one, has the state of ${path}.`,
  'Close that one. The file alone locks nothing, and is not to be removed.');

const impossible = (path, why) => new Failure('local', 'lock',
  `The file ${path} could not be locked: ${why}`,
  'In Linux the command flock has to be there (of util-linux or busybox), and the ' +
  'file system of that folder has to support it.');

/** Whether the command has taken the lock for that open file. */
function flock({ fd }, path) {
  return new Promise((resolve, reject) => {
    const command = spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] });
    let said = '';
    command.stderr.setEncoding('utf8').on('data', text => { said += text; });
    command.on('error', error => reject(impossible(path, error.message)));
    command.on('close', (code, signal) => {
      if (code === 0) resolve(true);
      else if (code === 1 && said === '') resolve(false); // another one has it
      else reject(impossible(path, said.trim() || `flock has ended with ${code ?? signal}.`));
    });
  });
}

async function openLocked(path) {
  const exclusively = EXCLUSIVELY[process.platform];
  const file = await open(path, FLAGS | (exclusively ?? 0), 0o600).catch(error => {
    throw exclusively && HELD.has(error.code) ? held(path) : error;
  });
  try {
    if (!exclusively && !await flock(file, path)) throw held(path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whether the path still leads to the file that is open. */
async function stands(path, file) {
  const [there, has] = await Promise.all([stat(path).catch(() => undefined), file.stat()]);
  return there?.ino === has.ino && there.dev === has.dev;
}

/** The open file, whose close() ends the lock. Rejects with `busy` where another one has it,
 * and with `local` where nobody can say. */
export async function lockFile(path) {
  for (;;) {
    const file = await openLocked(path);
    // somebody may have removed it, and another one locked one of that name
    if (await stands(path, file)) return file;
    await file.close();
  }
}
