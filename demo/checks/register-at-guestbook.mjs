// Registers the app under trial as a client of the guestbook's clone. Each line written to $PROVIDE_OUT becomes a
// variable of the app's environment.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';

const { DEP_GUESTBOOK_URL, RECIPE, PROVIDE_OUT } = process.env;

const response = await fetch(new URL('/clients', DEP_GUESTBOOK_URL), {
  method: 'POST',
  body: JSON.stringify({ name: RECIPE }),
});
assert.equal(response.status, 201, `the guestbook answered ${response.status}`);
const { token } = await response.json();
appendFileSync(PROVIDE_OUT, `GUESTBOOK_CLIENT=${RECIPE}\nGUESTBOOK_TOKEN=${token}\n`);
