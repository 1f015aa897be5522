// Checks of the guestbook: guestbook.mjs installed | beforeUpgrade | afterUpgrade. Exit code 0 is a pass.
import assert from 'node:assert/strict';

const { APP_URL, TRIAL_ID, VERSION, BASE_VERSION } = process.env;
const [phase] = process.argv.slice(2);
const entry = {
  author: 'check',
  text: `signed ${BASE_VERSION ? 'before the upgrade' : 'at install'} in trial ${TRIAL_ID}`,
};

async function sign() {
  const response = await fetch(new URL('/entries', APP_URL), { method: 'POST', body: JSON.stringify(entry) });
  assert.equal(response.status, 201, `signing answered ${response.status}`);
}

async function assertThere() {
  const response = await fetch(new URL('/entries', APP_URL));
  assert.equal(response.status, 200, `reading answered ${response.status}`);
  const entries = await response.json();
  console.log(`${VERSION} shows ${entries.length} entries`);
  const found = entries.some(({ author, text }) => author === entry.author && text === entry.text);
  assert.ok(found, `the entry "${entry.text}" is gone`);
}

try {
  if (phase !== 'afterUpgrade') await sign();
  await assertThere();
} catch (error) {
  console.error(`failed: ${error.message}`);
  process.exitCode = 1;
}
