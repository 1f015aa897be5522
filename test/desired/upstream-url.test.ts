import { isAbsolute } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { absoluteUpstream, faultOfUpstream, isSameRepository } from '../../src/desired/upstream-url.ts';

describe('accepted', () => {
  test.each([
    'https://git.coopcloud.tech/coop-cloud/custom-html.git',
    'http://localhost:3000/team/app.git',
    'https://[::1]:8443/app.git',
    'https://git.example.org/@scope/app',
    'ssh://git@git.example.org:2222/team/app.git',
    'ssh://git.example.org/app',
    'git@git.example.org:team/app.git',
    'git@[::1]:team/app.git',
    'file:///srv/git/app.git',
    '/srv/git/app.git',
    '../upstream/app.git',
    './-odd-name',
    'upstream/with:colon',
    'app.git',
    'a folder/with spaces',
  ])('%s', (location) => {
    expect(faultOfUpstream(location)).toBeNull();
  });
});

describe('refused', () => {
  test.each([
    ['ext::sh -c touch% /tmp/pwned', 'the transport "ext::" can run a command'],
    ['fd::17', 'the transport "fd::"'],
    ['anything::x', 'the transport "anything::"'],
    ['::x', 'the transport "::"'],
    ['--upload-pack=touch /tmp/pwned', 'begins with "-"'],
    ['-', 'begins with "-"'],
    ['ssh://-oProxyCommand=id/x', 'a user and host of letters'],
    ['ssh://-oProxyCommand=id@host/x', 'a user and host of letters'],
    ['git@-oProxyCommand=id:x', 'names no location'],
    ['git@host:-x', 'names no location'],
    ['/https://user:hush@host/x', '***@host'],
    ['//user:hush@host/x', '***@host'],
    ['git@host::x', 'names no location'],
    ['host:path', 'names no location'],
    ['C:\\repo', 'names no location'],
    ['ftp://host/x', 'the scheme "ftp" is refused'],
    ['git://host/x', 'the scheme "git" is refused'],
    ['htps://host/x', 'did you mean "https"?'],
    ['HTTPS://host/x', 'did you mean "https"?'],
    ['javascript://x', 'the scheme "javascript" is refused'],
    ['file://host/x', 'file:/// with an absolute path'],
    ['file://./x', 'file:/// with an absolute path'],
    ['https://', 'is not a URL'],
    ['https:///x', 'is not a URL'],
    ['https://-host/x', 'is not a URL'],
    ['https://host:port/x', 'is not a URL'],
    ['https://host/a b', 'holds a space or a backslash'],
    ['https://host\\@evil/x', 'holds a space or a backslash'],
    ['~/repo', 'is not expanded'],
    ['', 'is empty'],
    ['  ', 'is empty'],
    ['/srv/a\0b', 'control character'],
    ['https://host/a\nb', 'control character'],
  ])('%j: %s', (location, expected) => {
    expect(faultOfUpstream(location)).toContain(expected);
  });
});

describe('a password is refused, and never repeated', () => {
  test.each([
    'https://alice:hunter2@git.example.org/x',
    'http://alice:hunter2@localhost/x',
    'https://hunter2@git.example.org/x',
    'https://alice:hunter2/y@git.example.org/x',
    'ssh://alice:hunter2@git.example.org/x',
    'alice:hunter2@git.example.org:x',
    'https:/alice:hunter2@git.example.org/x',
    'ftp://alice:hunter2@git.example.org/x',
    'https://alice:hunter2@',
    'https://alice:hunter2 @git.example.org/x',
    'https://git.example.org/x?token=hunter2',
    'https://git.example.org/x.git#hunter2',
  ])('%s', (location) => {
    const fault = faultOfUpstream(location);
    expect(fault).not.toBeNull();
    expect(fault).not.toContain('hunter2');
  });

  test('the right way is in the message', () => {
    for (const location of [
      'https://alice:hunter2@git.example.org/x',
      'https://git.example.org/x?token=hunter2',
    ])
      expect(faultOfUpstream(location)).toContain('spec.credentials of the Reconciler document');
    expect(faultOfUpstream('https://alice:hunter2@git.example.org/x')).toContain(
      'use ssh, as in git@host:path',
    );
  });
});

test('whatever is accepted can be given to git as an operand', () => {
  const hostile = fc
    .array(
      fc.constantFrom(
        '-',
        'ext',
        '::',
        'ssh://',
        'git@',
        'host',
        ':',
        '/',
        'a',
        ' ',
        '@',
        '\n',
        '.',
        'file://',
        'https://',
      ),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), (text) => {
      if (faultOfUpstream(text) !== null) return;
      const operand = absoluteUpstream(text, '/manifests');
      expect(operand).not.toMatch(/^-/);
      expect(operand).not.toMatch(/^[A-Za-z0-9+.-]*::/);
      expect(isAbsolute(operand) || /^(https?|ssh|file):\/\/[^-]|^\w[\w.-]*@[^-]/.test(operand)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['../up/app.git', '/srv/up/app.git'],
  ['app', '/srv/manifests/app'],
  ['/srv/git/../app', '/srv/git/../app'],
  ['https://host/../x', 'https://host/../x'],
  ['git@host:team/app', 'git@host:team/app'],
])('%s in /srv/manifests is %s', (text, expected) => {
  expect(absoluteUpstream(text, '/srv/manifests')).toBe(expected);
});

test.each([
  ['https://host/app', 'https://host/app.git', true],
  ['https://host/app', 'https://HOST:443/app/', true],
  ['https://host/team/app', 'git@host:team/app.git', true],
  ['ssh://git@host:2222/team/app', 'git@host:team/app.git', true],
  ['file:///srv/app', '/srv/other/../app', true],
  ['https://host/team/shop', 'https://host/team/%73hop.git', true],
  ['https://host/team/shop', 'https://host/team%2Fshop', true],
  ['https://host/team/shop', 'https://host//team//shop', true],
  ['https://host/team/shop', 'https://Host./team/shop', true],
  ['https://host:3000/team/shop', 'https://host.:3000/team/shop', true],
  ['https://host/team/shop', 'git@host.:/team//shop.git', true],
  ['file:///srv/%61pp', '/srv//app/', true],
  ['/srv/%61pp', '/srv/app', false],
  ['https://host/%zz', 'https://host/zz', false],
  ['https://host/app', 'https://host/App', false],
  ['https://host/app', 'https://mirror/app', false],
  ['http://host:3000/app', 'http://host:4000/app', false],
  ['/srv/app', '/srv/app2', false],
])('%s and %s are the same repository: %s', (one, other, same) => {
  expect(isSameRepository(one, other)).toBe(same);
  expect(isSameRepository(other, one)).toBe(same);
});
