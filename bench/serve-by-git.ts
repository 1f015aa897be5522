/** A process of its own in front of `git http-backend`: `node serve-by-git.js ROOT`, forked, says its origin. */
import { HttpGit } from '../test/fixtures/http-git.ts';

const [root = ''] = process.argv.slice(2);
const server = await HttpGit.start(root);
process.send?.(server.origin);
process.on('disconnect', () => process.exit());
