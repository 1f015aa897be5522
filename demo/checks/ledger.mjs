// Checks of the ledger: ledger.mjs installed | beforeUpgrade | afterUpgrade. Exit code 0 is a pass.
import assert from 'node:assert/strict';

const { APP_URL, TRIAL_ID, VERSION } = process.env;
const [phase] = process.argv.slice(2);
const entry = { what: `coffee for trial ${TRIAL_ID}`, cents: 1250 };

async function book() {
  const response = await fetch(new URL('/entries', APP_URL), { method: 'POST', body: JSON.stringify(entry) });
  assert.equal(response.status, 201, `booking answered ${response.status}`);
}

async function assertBooked() {
  const entries = await (await fetch(new URL('/entries', APP_URL))).json();
  console.log(`${VERSION} shows ${entries.length} entries`);
  const found = entries.some(({ what, cents }) => what === entry.what && cents === entry.cents);
  assert.ok(found, `"${entry.what}" is no longer in the books`);
}

try {
  if (phase !== 'afterUpgrade') await book();
  await assertBooked();
} catch (error) {
  console.error(`failed: ${error.message}`);
  process.exitCode = 1;
}
