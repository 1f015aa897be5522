import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html } from '../../../src/http/pages/html.ts';

describe('a template', () => {
  it.each([
    ['<b>', '&lt;b&gt;'],
    ['"quoted" & \'single\'', '&quot;quoted&quot; &amp; &#39;single&#39;'],
    ['&lt;', '&amp;lt;'],
    ['esc\u001b[31m', 'esc\ufffd[31m'],
    ['right\u202eleft', 'right\ufffdleft'],
    ['two\nlines', 'two\nlines'],
    ['', ''],
  ])('escapes %j', (value, expected) => {
    expect(String(html`<p title="${value}">${value}</p>`)).toBe(`<p title="${expected}">${expected}</p>`);
  });

  it('leaves what a template made as it is, also in lists', () => {
    const items = ['a<', 'b'].map((item) => html`<li>${item}</li>`);
    // prettier-ignore
    const list = html`<ul>${items}</ul>`;
    expect(String(list)).toBe('<ul><li>a&lt;</li><li>b</li></ul>');
  });

  it('shows numbers, and nothing for null and false', () => {
    expect(String(html`${0}${null}${false}${[]}${12}`)).toBe('012');
  });

  it('takes nothing for HTML that only looks like it', () => {
    const forged = { toString: () => '<script>' };
    // @ts-expect-error: an object that no template made is no part
    expect(() => String(html`${forged}`)).toThrow(TypeError);
  });

  it('leaves out how it is indented, and nothing of what it is given', () => {
    const paragraphs = html`<div>
      <p>${'a\n    b'}</p>
    </div>`;
    expect(String(paragraphs)).toBe('<div>\n<p>a\n    b</p>\n</div>');
  });

  it('lets no text out of its element or its attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const text = String(html`<p title="${value}">${value}</p>`);
        const [, title = '', body = ''] = /^<p title="([^"]*)">([^]*)<\/p>$/.exec(text) ?? [];
        expect(title).toBe(body);
        expect(body).not.toMatch(/[<>"']/);
        expect(body.replaceAll(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
      }),
    );
  });
});
